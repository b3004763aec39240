"""What taking one slot away from each provider costs everybody else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from market.matching import UNMATCHED


def slot_losses(
    weights: npt.NDArray[np.float64],
    match: npt.NDArray[np.intp],
    capacities: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """(providers,): the welfare that is lost with one slot less at each provider.

    It is what a request from outside would have to make up for, on top of its own cost: the menu of
    prices that a client with one request faces, whatever it reports. A request that is driven
    out stays unmatched, or goes to another provider and costs a slot there: shortest paths, by
    relaxing over providers. Infinite where there is no slot.

    Args:
        weights: (requests, providers), negative where a pair must not be matched.
        match: (requests,), an optimal matching.
        capacities: (providers,).
    """
    served = np.flatnonzero(match != UNMATCHED)
    at = match[served]
    used = np.bincount(at, minlength=len(capacities))
    losses = np.where(used < capacities, 0.0, np.inf)
    kept = weights[served, at]
    for _ in range(len(capacities) + 1):
        elsewhere = np.max(weights[served] - losses, axis=1, initial=0.0)
        lower = losses.copy()
        np.minimum.at(lower, at, np.maximum(kept - elsewhere, 0.0))
        if np.array_equal(lower, losses):
            break
        losses = lower
    return losses
