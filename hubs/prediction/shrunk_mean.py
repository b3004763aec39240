"""A mean that leans on a prior, and its standard error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Prior:
    """What is believed before any label: ``mean`` counts for ``labels`` labels.

    ``deviation`` is what one label is assumed to be off it, as a standard deviation.
    """

    mean: float
    labels: float
    deviation: float


def shrunk_mean(prior: Prior, labels: Floats, mean: Floats) -> Floats:
    """The mean of ``labels`` labels of that ``mean`` together with those of the prior."""
    weight = prior.labels + labels
    together = prior.labels * prior.mean + labels * mean
    return np.where(weight > 0, together / np.where(weight > 0, weight, 1.0), prior.mean)


def standard_error(prior: Prior, labels: Floats, mean: Floats, squares: Floats) -> Floats:
    """The standard error of the shrunk mean: its labels' deviation over the root of their number.

    The labels of the prior deviate as it says, and so does one label at least, so that an error is
    finite before any label and above zero after a few that agree.

    Args:
        prior: what was believed before.
        labels: how many labels there are.
        mean: theirs.
        squares: the sum of their squared deviations from it.
    """
    assumed = max(prior.labels, 1.0)
    weight = assumed + labels
    between = assumed * labels / weight * (mean - prior.mean) ** 2
    variance: Floats = (assumed * prior.deviation**2 + squares + between) / weight
    return np.sqrt(variance / weight)
