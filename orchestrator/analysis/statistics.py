"""Means and ratios over independent draws, such as the seeds of markets; intervals and tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

#: One minus the coverage of every interval.
ALPHA = 0.05

#: Differences below so much of the figures are what floats make of the same.
ROUNDING = 10 * float(np.finfo(float).eps)


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


@dataclass(frozen=True)
class PairedTest:
    """A mean paired difference with its 95 % interval and the p-value of no difference.

    ``p_value`` is that of the two-sided paired t-test, NaN where there is none; ``pairs`` how many
    there were.
    """

    difference: Interval
    p_value: float
    pairs: int


def paired_test(ours: Sequence[float], theirs: Sequence[float]) -> PairedTest:
    """Compare two arms draw by draw; what is NaN in one of them is left out.

    Fewer than two pairs have no interval: its half width and the p-value are NaN. Where no pair
    differs the p-value is 1. Where all differ by the same there is no test, since it takes a
    spread: two seeds in which a count is one higher would be certain of it.
    """
    both = np.array([ours, theirs], dtype=float)
    both = both[:, ~np.isnan(both).any(axis=0)]
    differences = both[0] - both[1]
    count = len(differences)
    if count < 2:
        mean = float(differences[0]) if count else float("nan")
        return PairedTest(Interval(mean, float("nan")), float("nan"), count)
    found = interval(differences.tolist())
    error = float(differences.std(ddof=1)) / np.sqrt(count)
    rounding = ROUNDING * float(np.abs(both).max())
    if error <= rounding:
        p_value = 1.0 if abs(found.mean) <= rounding else float("nan")
        return PairedTest(found, p_value, count)
    return PairedTest(found, float(2 * stats.t.sf(abs(found.mean) / error, count - 1)), count)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for all tests of a family; NaN are no tests and stay so.

    Source: Holm (1979), A simple sequentially rejective multiple test procedure.
    """
    given = np.asarray(p_values, dtype=float)
    adjusted = np.full(len(given), np.nan)
    tests = np.flatnonzero(~np.isnan(given))
    order = tests[np.argsort(given[tests], kind="stable")]
    steps = given[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return [float(value) for value in adjusted]
