"""Maximum-weight bipartite b-matching (IEMAS, Eq. 7)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

#: Weights are integers (nano-USD) or floats (USD as given); both are matched the same way.
Weights = npt.NDArray[Any]
UNMATCHED = -1


def max_weight_matching(
    weights: Weights, capacities: npt.NDArray[np.int64]
) -> npt.NDArray[np.intp]:
    """Match requests to free slots so that the total weight is largest.

    Max weight, not max cardinality: every request may stay unmatched at weight zero, so a pair
    that adds nothing is never matched.

    Args:
        weights: (requests, providers), what the pair adds to welfare; negative where it must not
            be matched. Integers are exact up to 2**53.
        capacities: (providers,), free slots.

    Returns:
        (requests,), the provider's index or ``UNMATCHED``.
    """
    requests, providers = weights.shape
    match = np.full(requests, UNMATCHED, dtype=np.intp)
    slot_owner = np.repeat(np.arange(providers), np.minimum(capacities, requests))
    gains = np.maximum(weights, 0)[:, slot_owner]
    rows, slots = linear_sum_assignment(gains, maximize=True)
    owners = slot_owner[slots]
    worth_it = weights[rows, owners] > 0
    match[rows[worth_it]] = owners[worth_it]
    return match


def matched_weight(weights: Weights, match: npt.NDArray[np.intp]) -> Any:
    """Total weight of a matching, as a Python number."""
    rows = np.flatnonzero(match != UNMATCHED)
    return weights[rows, match[rows]].sum().item()
