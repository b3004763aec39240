"""The dense backend: an assignment of requests to slots, by shortest augmenting paths in scipy."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from market.compiled import compiled
from market.matching.pairs import UNMATCHED, Amounts, Counts, Integers, Pairs

#: scipy adds up to four weights in floats, so that whole numbers stay exact up to this weight.
MOST_WEIGHT = 2**50


def linear_assignment(pairs: Pairs, capacities: Counts) -> Counts:
    """The pair that every request takes in a matching of largest weight, or ``UNMATCHED``.

    It needs a matrix of requests and slots.
    """
    slots = np.minimum(capacities, pairs.requests)
    gains = _gains(pairs.start, pairs.provider, pairs.weight, slots)
    rows, columns = linear_sum_assignment(gains, maximize=True)
    match = np.full(pairs.requests, UNMATCHED, dtype=np.int64)
    match[rows] = np.repeat(np.arange(pairs.providers), slots)[columns]
    return pairs.taken(match)


@compiled
def _gains(start: Counts, provider: Integers, weight: Amounts, slots: Counts) -> Amounts:
    """(requests, all slots), the weight of the pair that a slot belongs to, 0 if there is none."""
    last = np.cumsum(slots)
    gains = np.zeros((len(start) - 1, slots.sum()))
    for j in range(len(start) - 1):
        for pair in range(start[j], start[j + 1]):
            i = provider[pair]
            gains[j, last[i] - slots[i] : last[i]] = weight[pair]
    return gains
