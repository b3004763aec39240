"""Shortest augmenting paths, compiled: an optimal matching after a slot or a request has come.

Dijkstra on reduced costs, as in the Hungarian method. Prices that clear the market make the cost
of moving request j to provider i, u_j - (w_ij - p_i), what it gives up against what it likes best,
and that is never below zero. The nearest end of a path is found first, and the prices behind it
are changed so that they clear the market again; so a path costs what it passes and no more.

``start``, ``provider``, ``weight`` are as in ``Pairs``; ``taken`` (requests,), the pair of every
request, ``UNMATCHED``, or ``AWAY`` where a request takes no part; ``prices`` (providers,).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from market.compiled import compiled
from market.matching.pairs import UNMATCHED, Amounts, Counts, Integers

Flags = npt.NDArray[np.bool_]

#: In the place of the pair of a request that takes no part.
AWAY = -2


@compiled
def gains_of_slots_freed(
    start: Counts,
    provider: Integers,
    weight: Amounts,
    column_start: Counts,
    column_pair: Counts,
    column_request: Counts,
    taken: Counts,
    prices: Amounts,
    rows: Integers,
) -> Amounts:
    """What all others gain by the slots of the requests ``rows``, one slot after the other.

    The pairs of provider i are ``column_pair[column_start[i]:column_start[i + 1]]``, of the
    requests at the same places.
    """
    taken, prices = taken.copy(), prices.copy()
    slots = np.empty(len(rows), dtype=np.int64)
    freed = 0
    for j in rows:
        if taken[j] >= 0:
            slots[freed] = provider[taken[j]]
            freed += 1
        taken[j] = AWAY
    gained = np.zeros(freed, dtype=weight.dtype)
    for n in range(freed):
        gained[n] = _fill(
            slots[n], provider, weight, column_start, column_pair, column_request, taken, prices
        )
    return gained


@compiled
def _fill(
    slot: int,
    provider: Integers,
    weight: Amounts,
    column_start: Counts,
    column_pair: Counts,
    column_request: Counts,
    taken: Counts,
    prices: Amounts,
) -> Any:
    """Fill a new slot at a provider, or leave it free; returns what that adds to welfare."""
    distance = np.zeros_like(prices)
    reached, done = np.zeros(len(prices), np.bool_), np.zeros(len(prices), np.bool_)
    leaves, takes = np.full(len(prices), -1), np.full(len(prices), -1)
    reached[slot] = True
    best, end, comes, comes_by = prices[slot], slot, -1, -1
    while True:
        i = _nearest(distance, reached, done)
        if i < 0 or distance[i] >= best:
            break
        done[i] = True
        for at in range(column_start[i], column_start[i + 1]):
            j, pair = column_request[at], column_pair[at]
            there = distance[i] + prices[i] - weight[pair]
            if taken[j] == UNMATCHED and there < best:
                best, end, comes, comes_by = there, i, j, pair
            if taken[j] < 0 or done[provider[taken[j]]]:
                continue
            k = provider[taken[j]]
            there += weight[taken[j]] - prices[k]
            if not reached[k] or there < distance[k]:
                distance[k], reached[k], leaves[k], takes[k] = there, True, j, pair
                if there + prices[k] < best:
                    best, end, comes, comes_by = there + prices[k], k, -1, -1
    added = prices[slot] - best
    _reprice(prices, distance, reached, best, -1)
    if comes >= 0:
        taken[comes] = comes_by
    while end != slot:
        taken[leaves[end]] = takes[end]
        end = provider[takes[end]]
    return added


@compiled
def gains_of_requests_returned(
    start: Counts,
    provider: Integers,
    weight: Amounts,
    taken: Counts,
    prices: Amounts,
    capacities: Counts,
    gone: int,
) -> Amounts:
    """What each request of the provider ``gone`` adds when they come back without it, in turn."""
    taken, prices, free = taken.copy(), prices.copy(), capacities.copy()
    for pair in taken:
        if pair >= 0:
            free[provider[pair]] -= 1
    returning = np.zeros(len(taken), np.int64)
    count = 0
    for j in range(len(taken)):
        if taken[j] >= 0 and provider[taken[j]] == gone:
            returning[count], taken[j] = j, AWAY
            count += 1
    free[gone] = 0  # nobody is left there to be displaced either: a dead end
    gained = np.zeros(count, dtype=weight.dtype)
    for n in range(count):
        gained[n] = _place(returning[n], start, provider, weight, taken, prices, free)
    return gained


@compiled
def _place(
    request: int,
    start: Counts,
    provider: Integers,
    weight: Amounts,
    taken: Counts,
    prices: Amounts,
    free: Counts,
) -> Any:
    """Give a new request a slot, or leave it unmatched; returns what that adds to welfare."""
    distance = np.zeros_like(prices)
    reached, done = np.zeros(len(prices), np.bool_), np.zeros(len(prices), np.bool_)
    enters, takes = np.full(len(prices), -1), np.full(len(prices), -1)
    liked = prices[0] * 0
    for pair in range(start[request], start[request + 1]):
        liked = max(liked, weight[pair] - prices[provider[pair]])
    nearer = start, provider, weight, prices, distance, reached, done, enters, takes
    _reach(request, liked, *nearer)
    best, end, out = liked, -1, -1
    while True:
        i = _nearest(distance, reached, done)
        if i < 0 or distance[i] >= best:
            break
        done[i] = True
        if free[i] > 0:
            best, end, out = distance[i], i, -1
            break
        for j in range(len(taken)):
            if taken[j] >= 0 and provider[taken[j]] == i:
                gives_up = distance[i] + weight[taken[j]] - prices[i]
                if gives_up < best:
                    best, end, out = gives_up, i, j
                _reach(j, gives_up, *nearer)
    _reprice(prices, distance, reached, best, 1)
    taken[request] = UNMATCHED
    if out >= 0:
        taken[out] = UNMATCHED
    elif end >= 0:
        free[end] -= 1
    while end >= 0:
        j = enters[end]
        pair, taken[j] = taken[j], takes[end]
        end = provider[pair] if j != request else -1
    return liked - best


@compiled
def _reach(
    request: int,
    gives_up: Any,
    start: Counts,
    provider: Integers,
    weight: Amounts,
    prices: Amounts,
    distance: Amounts,
    reached: Flags,
    done: Flags,
    enters: Counts,
    takes: Counts,
) -> None:
    """Note the providers to which a request that gives up so much is the nearest so far."""
    for pair in range(start[request], start[request + 1]):
        i = provider[pair]
        there = gives_up - (weight[pair] - prices[i])
        if not done[i] and (not reached[i] or there < distance[i]):
            distance[i], reached[i], enters[i], takes[i] = there, True, request, pair


@compiled
def _reprice(prices: Amounts, distance: Amounts, reached: Flags, best: Any, sign: int) -> None:
    """Raise or lower the prices nearer than the end of the path, so that it costs nothing."""
    for i in range(len(prices)):
        if reached[i] and distance[i] < best:
            prices[i] += sign * (best - distance[i])


@compiled
def _nearest(distance: Amounts, reached: Flags, done: Flags) -> int:
    """The nearest provider that is reached and not done, or -1."""
    nearest = -1
    for i in range(len(distance)):
        if reached[i] and not done[i] and (nearest < 0 or distance[i] < distance[nearest]):
            nearest = i
    return nearest
