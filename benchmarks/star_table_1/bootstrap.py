"""Means over trials, and ratios of means with paired bootstrap intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from market.seeding import stream
from market.workflow.quantities import FloatArray

RESAMPLES = 2000
LEVEL = 0.95


class Mean(NamedTuple):
    """A mean over trials, their standard deviation, and the standard error of the mean."""

    mean: float
    deviation: float
    error: float

    @classmethod
    def of(cls, figures: FloatArray) -> Mean:
        """Of ``figures`` (n,), n at least 2."""
        deviation = float(figures.std(ddof=1))
        return cls(float(figures.mean()), deviation, deviation / math.sqrt(len(figures)))


class Interval(NamedTuple):
    """An estimate between the bounds of its 95 % interval."""

    low: float
    value: float
    high: float


@dataclass(frozen=True)
class Resamples:
    """``RESAMPLES`` draws of n trials out of n with replacement, the same for every figure.

    ``weights`` (RESAMPLES, n) says how often each trial was drawn. Source: Efron (1979), the
    percentile interval; pairs are kept together, since all mechanisms see the same trials.
    """

    weights: FloatArray

    @classmethod
    def of(cls, trials: int, seed: int) -> Resamples:
        """The resamples of ``trials`` trials under ``seed``."""
        rng = stream(seed, "star-table-1", "bootstrap", trials)
        counts = rng.multinomial(trials, np.full(trials, 1 / trials), size=RESAMPLES)
        return cls(counts.astype(np.float64))

    def ratio(self, top: FloatArray, bottom: FloatArray) -> Interval:
        """The ratio of the means of ``top`` and ``bottom`` (n,), paired by trial."""
        ratios = (self.weights @ top) / (self.weights @ bottom)
        low, high = np.quantile(ratios, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Interval(float(low), float(top.mean() / bottom.mean()), float(high))

    def reduction(self, ours: FloatArray, theirs: FloatArray) -> Interval:
        """1 - mean(ours) / mean(theirs), per cent: the paper's reduction."""
        low, value, high = self.ratio(ours, theirs)
        return Interval(100 * (1 - high), 100 * (1 - value), 100 * (1 - low))


def reduction(ours: FloatArray, theirs: FloatArray) -> Mean:
    """The same reduction and, by linearisation, the deviation of one trial from it; per cent."""
    ratio = float(ours.mean() / theirs.mean())
    residual = 100 * (ours - ratio * theirs) / float(theirs.mean())
    return Mean.of(residual)._replace(mean=100 * (1 - ratio))
