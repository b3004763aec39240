"""The paper's search for the bids at which work is lost: halve every interval that has a drop.

Source: STAR, appendix C, algorithm 1. It is kept for comparison: it takes a logarithm of the
precision in solves where the exact envelope takes two for a breakpoint, is off by half the
tolerance, and where work is not monotone in the bid it overlooks what rises and falls between two
bids of equal work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from market.workflow.payments import Breakpoint
from market.workflow.quantities import FloatArray

#: An interval narrower than this part of the first one is taken for its midpoint.
TOLERANCE = 1e-6


def interval_splitting(
    work: Callable[[FloatArray], FloatArray], low: float, at_low: float, high: float
) -> tuple[tuple[Breakpoint, ...], float]:
    """The drops of ``work`` on [low, high], to ``TOLERANCE`` of its width, and what is left.

    ``work`` takes bids (B,) and returns tokens (B,); ``at_low`` is its value at ``low``. Intervals
    of one width are split together.
    """
    if low >= high:
        return (), at_low
    (at_high,) = work(np.array([high])).tolist()
    drops: list[Breakpoint] = []
    intervals = [_Interval(low, at_low, high, at_high)]
    while intervals:
        open_ = []
        for interval in intervals:
            if interval.at_low == interval.at_high:
                continue
            is_narrow = interval.high - interval.low < TOLERANCE * (high - low)
            if is_narrow or not interval.low < interval.middle < interval.high:
                drops.append(Breakpoint(interval.middle, interval.at_low - interval.at_high))
            else:
                open_.append(interval)
        found = work(np.array([interval.middle for interval in open_])).tolist() if open_ else []
        intervals = [
            half
            for interval, at_middle in zip(open_, found, strict=True)
            for half in interval.halves(at_middle)
        ]
    return tuple(sorted(drops)), at_high


class _Interval(NamedTuple):
    low: float
    at_low: float
    high: float
    at_high: float

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    def halves(self, at_middle: float) -> tuple[_Interval, _Interval]:
        return (
            _Interval(self.low, self.at_low, self.middle, at_middle),
            _Interval(self.middle, at_middle, self.high, self.at_high),
        )
