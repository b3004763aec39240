"""Clearing a matching market: the best matching, and VCG payments from one solve.

Let g_i be the welfare that one more free slot at provider i would add. Removing request j frees a
slot at its provider i, so W(C) - W(C \\ j) = w_ij - g_i, and the Clarke payment of Eq. (8) becomes
p_j = c_ij + g_i: cost plus a scarcity price that is the same for every request at that provider
(Leonard 1983). A client with several requests in one clearing pays for them as a set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from market.matching.assignment import UNMATCHED, Weights, matched_weight, max_weight_matching


@dataclass(frozen=True)
class MatchingOutcome:
    """A cleared matching market; amounts are in the unit of the values (nano-USD or USD).

    Attributes:
        welfare: total value less cost of the matched pairs.
        match: (requests,), the provider's index or ``UNMATCHED``.
        payments: (requests,), what the request's client pays; 0 where unmatched.
        scarcity_prices: (providers,), the smallest market-clearing prices of a slot.
    """

    welfare: Any
    match: npt.NDArray[np.intp]
    payments: npt.NDArray[Any]
    scarcity_prices: npt.NDArray[Any]


def clear(
    values: Weights,
    costs: Weights,
    allowed: npt.NDArray[np.bool_],
    capacities: npt.NDArray[np.int64],
    clients: Sequence[object] | None = None,
) -> MatchingOutcome:
    """Clear one market: maximum total value less cost, Clarke payments by the clients.

    Args:
        values: (requests, providers), what serving the request there is worth to its client.
        costs: (requests, providers), what the provider asks for it.
        allowed: (requests, providers), False where the pair must not be matched.
        capacities: (providers,), free slots.
        clients: (requests,), who owns each request; None where each has a client of its own.
    """
    weights = np.where(allowed, values - costs, -1)
    match = max_weight_matching(weights, capacities)
    prices = scarcity_prices(weights, match)
    served = np.flatnonzero(match != UNMATCHED)
    externalities = np.zeros(len(match), dtype=weights.dtype)
    externalities[served] = prices[match[served]]
    for rows in _owned_together(clients):
        externalities[rows] = _set_externality(weights, capacities, match, externalities, rows)
    payments = np.zeros_like(externalities)
    payments[served] = costs[served, match[served]] + externalities[served]
    return MatchingOutcome(matched_weight(weights, match), match, payments, prices)


def scarcity_prices(weights: Weights, match: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
    """What one more free slot at each provider would add to the welfare of an optimal matching.

    A new slot at i is filled by an unmatched request, or by a request from provider k that leaves
    a slot there worth g_k: g_i is a longest alternating path, found by relaxing over providers.
    The optimality of the matching rules out cycles of positive length, and makes any path over a
    negative pair worse than none.

    Args:
        weights: (requests, providers), negative where a pair must not be matched.
        match: (requests,), an optimal matching.

    Returns:
        (providers,), all >= 0, and 0 where a slot is free.
    """
    providers = weights.shape[1]
    prices: npt.NDArray[Any] = np.max(weights[match == UNMATCHED], axis=0, initial=0)
    served = np.flatnonzero(match != UNMATCHED)
    if not len(served):
        return prices
    served = served[np.argsort(match[served], kind="stable")]
    sources, starts = np.unique(match[served], return_index=True)
    gains = weights[served] - weights[served, match[served]][:, None]
    moves = np.maximum.reduceat(gains, starts, axis=0)
    for _ in range(providers):
        better = np.maximum(prices, (moves + prices[sources, None]).max(axis=0))
        if np.array_equal(better, prices):
            break
        prices = better
    return prices


def _owned_together(clients: Sequence[object] | None) -> list[npt.NDArray[np.intp]]:
    """The rows of every client that has more than one request here."""
    if clients is None:
        return []
    rows_of: dict[object, list[int]] = {}
    for row, client in enumerate(clients):
        rows_of.setdefault(client, []).append(row)
    return [np.array(rows) for rows in rows_of.values() if len(rows) > 1]


def _set_externality(
    weights: Weights,
    capacities: npt.NDArray[np.int64],
    match: npt.NDArray[np.intp],
    singly: npt.NDArray[Any],
    rows: npt.NDArray[np.intp],
) -> npt.NDArray[Any]:
    """The externality of one client's requests as a set, shared out over them.

    The set's externality W(C \\ K) - (W - w_K) is at most the sum of the single ones, because a
    second freed slot never adds more than the first; it is shared in proportion to those.
    """
    single: npt.NDArray[Any] = singly[rows]
    total = single.sum()
    if total <= 0:
        return single
    others = np.ones(len(match), dtype=bool)
    others[rows] = False
    without = max_weight_matching(weights[others], capacities)
    whole = matched_weight(weights[others], without) - matched_weight(
        weights[others], match[others]
    )
    if np.issubdtype(single.dtype, np.integer):
        return _integer_shares(int(whole), single)
    shares: npt.NDArray[Any] = single * (whole / total)
    return shares


def _integer_shares(whole: int, proportions: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Split ``whole`` in proportion, in integers that add up to it exactly."""
    total = int(proportions.sum())
    upto = np.array([whole * int(part) // total for part in np.cumsum(proportions)])
    return np.diff(upto, prepend=0)
