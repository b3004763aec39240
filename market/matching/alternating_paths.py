"""Longest alternating paths of an optimal matching, compiled; whole numbers and floats alike.

A slot more at a provider is taken by an unmatched request, or by one from another provider that
leaves a slot there, and so on; a slot less drives a request to another provider, where it drives
one out, or out of the market. Because the matching is optimal no cycle of such moves gains, so
that labels which only rise (or fall) end at the longest paths after as many rounds as there are
providers, most often after a few.

Everywhere: ``start``, ``provider``, ``weight`` as in ``Pairs``; ``taken`` (requests,), the pair of
every request, or ``UNMATCHED``; ``slack``, a gain that is rounding: zero for whole numbers.
"""

from __future__ import annotations

import numpy as np

from market.compiled import compiled
from market.matching.pairs import NO_PRICE, UNMATCHED, Amounts, Counts, Integers


@compiled
def by_provider(provider: Integers, taken: Counts, providers: int) -> tuple[Counts, Counts]:
    """The matched requests in the order of their providers, and where each provider's begin."""
    first = np.zeros(providers + 1, dtype=np.int64)
    for pair in taken:
        if pair >= 0:
            first[provider[pair] + 1] += 1
    for i in range(providers):
        first[i + 1] += first[i]
    place = first[:providers].copy()
    members = np.empty(first[providers], dtype=np.int64)
    for j in range(len(taken)):
        if taken[j] >= 0:
            i = provider[taken[j]]
            members[place[i]] = j
            place[i] += 1
    return first, members


@compiled
def slot_gains(
    start: Counts, provider: Integers, weight: Amounts, taken: Counts, providers: int, slack: float
) -> Amounts:
    """(providers,), what one more slot would add to welfare."""
    gains = np.zeros(providers, dtype=weight.dtype)
    waiting = np.ones(providers, dtype=np.bool_)
    for j in range(len(taken)):
        if taken[j] == UNMATCHED:
            for pair in range(start[j], start[j + 1]):
                i = provider[pair]
                gains[i] = max(gains[i], weight[pair])
    first, members = by_provider(provider, taken, providers)
    for _ in range(providers):
        settled = True
        for k in range(providers):
            if not waiting[k]:
                continue
            waiting[k] = False
            for m in range(first[k], first[k + 1]):
                j = members[m]
                left = gains[k] - weight[taken[j]]
                for pair in range(start[j], start[j + 1]):
                    i = provider[pair]
                    if left + weight[pair] > gains[i] + slack and i != k:
                        gains[i], waiting[i], settled = left + weight[pair], True, False
        if settled:
            break
    return gains


@compiled
def slot_losses(
    start: Counts,
    provider: Integers,
    weight: Amounts,
    taken: Counts,
    capacities: Counts,
    top: float,
    slack: float,
) -> Amounts:
    """(providers,), the welfare that is lost with one slot less; ``NO_PRICE`` if there is none.

    ``top`` is at least the largest weight: where a slot costs as much nobody goes.
    """
    providers = len(capacities)
    first, members = by_provider(provider, taken, providers)
    losses = np.zeros(providers, dtype=weight.dtype)
    for i in range(providers):
        if first[i + 1] - first[i] < capacities[i]:
            continue
        losses[i] = top
        for m in range(first[i], first[i + 1]):
            losses[i] = min(losses[i], weight[taken[members[m]]])
    for _ in range(providers):
        settled = True
        for i in range(providers):
            if first[i + 1] - first[i] < capacities[i]:
                continue
            for m in range(first[i], first[i + 1]):
                j = members[m]
                least = weight[taken[j]] - losses[i] + slack
                for pair in range(start[j], start[j + 1]):
                    k = provider[pair]
                    if weight[pair] - losses[k] > least and k != i:
                        losses[i] = max(weight[taken[j]] - weight[pair] + losses[k], 0)
                        least = weight[taken[j]] - losses[i] + slack
                        settled = False
        if settled:
            break
    losses[capacities == 0] = NO_PRICE
    return losses
