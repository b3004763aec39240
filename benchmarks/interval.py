"""Means and ratios over independent draws, such as the seeds of markets, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

#: One minus the coverage of every interval.
ALPHA = 0.05


@dataclass(frozen=True)
class Interval:
    """A mean or a ratio, with half the width of its 95 % Student interval."""

    mean: float
    half: float

    @property
    def low(self) -> float:
        """Its lower end."""
        return self.mean - self.half

    @property
    def high(self) -> float:
        """Its upper end."""
        return self.mean + self.half

    def shown(self, digits: int, unit: str = "") -> str:
        """As text, the sign of ``unit`` behind."""
        return f"{self.mean:.{digits}f} ± {self.half:.{digits}f}{unit}"


def interval(draws: Sequence[float], comparisons: int = 1) -> Interval:
    """The interval of a mean; all of ``comparisons`` hold at once (Bonferroni)."""
    values = np.asarray(draws, dtype=float)
    if len(values) < 2:
        raise ValueError(f"expected at least two draws, got {len(values)}")
    error = float(values.std(ddof=1)) / np.sqrt(len(values))
    quantile = float(stats.t.ppf(1 - ALPHA / 2 / comparisons, len(values) - 1))
    return Interval(float(values.mean()), quantile * error)


def ratio(parts: Sequence[float], wholes: Sequence[float], comparisons: int = 1) -> Interval:
    """Sum of parts over sum of wholes, (draws,) each, with the interval of a ratio estimator.

    Source: Cochran (1977), Sampling techniques, chapter 6.
    """
    part, whole = np.asarray(parts, dtype=float), np.asarray(wholes, dtype=float)
    found = float(part.sum() / whole.sum())
    residual = interval((part - found * whole).tolist(), comparisons)
    return Interval(found, residual.half / abs(float(whole.mean())))


def paired(ours: Sequence[float], theirs: Sequence[float], comparisons: int = 1) -> Interval:
    """The interval of the mean difference, seed by seed."""
    differences = np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float)
    return interval(differences.tolist(), comparisons)
