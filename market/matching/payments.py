"""Who receives what of a cleared matching market: the two rules of settlement."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import numpy as np

from market.matching.assignment import total
from market.matching.optimum import Optimum
from market.matching.pairs import Amounts


def as_asked(optimum: Optimum, cost: Amounts) -> Amounts:
    """A provider receives what it asked, and gains by asking more."""
    return cost


def two_sided(optimum: Optimum, cost: Amounts) -> Amounts:
    """A provider receives what it asked, and what welfare would lose without it (VCG).

    That is at most the weight of its matched pairs, and is split in proportion to them, so that
    nobody receives more for a request than it is worth. Whole amounts are split by rounding down
    what the first k requests receive together, in the order of requests.
    """
    receives = cost.copy()
    weight = optimum.pairs.weight
    for provider in np.unique(optimum.match[optimum.served]).tolist():
        rows = np.flatnonzero(optimum.match == provider)
        receives[rows] += shares(optimum.contribution(provider), weight[optimum.taken[rows]])
    return receives


#: What every request's provider receives (requests,), by the name of the rule; ``cost``
#: (requests,) is what it asked, 0 where unmatched.
PAYMENTS: dict[str, Callable[[Optimum, Amounts], Amounts]] = {
    "client_clarke": as_asked,
    "two_sided": two_sided,
}


def shares(whole: Any, proportions: Amounts) -> Amounts:
    """Split ``whole`` in proportion; integers add up to it exactly."""
    if proportions.dtype.kind == "f":
        parts: Amounts = proportions * (whole / total(proportions))
        return parts
    upto = [0, *accumulate(proportions.tolist())]
    return np.diff([whole * part // upto[-1] for part in upto])
