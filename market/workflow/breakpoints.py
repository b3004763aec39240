"""The exact breakpoints of the optimal cost as a function of one provider's virtual cost.

With everything else fixed, J*(phi) = min_A (a_A + phi q_A) is the lower envelope of one line per
allocation: concave, piecewise linear, and its slope is the provider's quantity. Two lines known to
be optimal at the ends of an interval are intersected; either nothing is below them there, and the
crossing is a breakpoint, or a new line is found and splits the interval. K breakpoints take at
most 2K + 1 solves. Source: Eisner and Severance (1976).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from market.workflow.quantities import FloatArray

#: Relative; differences below it are rounding, a few hundred units in the last place.
_ROUNDING = 1e-13


class Line(NamedTuple):
    """The cost of one allocation as a function of one provider's virtual cost.

    ``intercept`` is what everyone else's work costs, ``slope`` the provider's quantity. Both are
    computed from the allocation, never by subtraction, which would lose them beside a large phi.
    """

    intercept: float
    slope: float

    def at(self, virtual_cost: float) -> float:
        """The cost of the allocation."""
        return self.intercept + virtual_cost * self.slope


class Drop(NamedTuple):
    """At ``virtual_cost`` the quantity falls by ``quantity``."""

    virtual_cost: float
    quantity: float


class Envelope(NamedTuple):
    """The quantity as a step function: its drops, ascending, and what is left at the top."""

    drops: tuple[Drop, ...]
    retained: float


#: The optimal line at each of some virtual costs.
Probe = Callable[[FloatArray], Sequence[Line]]


def lower_envelope(probe: Probe, first: Line, low: float, high: float) -> Envelope:
    """The envelope on [low, high], where ``first`` is optimal at ``low``.

    All open intervals are probed at once, so that a solver can share its work among them.
    """
    (last,) = probe(np.array([high]))
    if not _falls(first, last):
        return Envelope((), first.slope)
    drops = []
    intervals = [_Interval(low, first, high, last)]
    while intervals:
        crossings = [interval.crossing for interval in intervals]
        found = probe(np.array(crossings))
        split = []
        for interval, crossing, line in zip(intervals, crossings, found, strict=True):
            if interval.is_split_by(line, crossing):
                split.append(_Interval(interval.low, interval.left, crossing, line))
                split.append(_Interval(crossing, line, interval.high, interval.right))
            else:
                drops.append(Drop(crossing, interval.left.slope - interval.right.slope))
        intervals = split
    return Envelope(tuple(sorted(drops)), last.slope)


class _Interval(NamedTuple):
    """An interval with lines that are optimal at its ends, the left one steeper."""

    low: float
    left: Line
    high: float
    right: Line

    @property
    def crossing(self) -> float:
        """Where the two lines meet."""
        rise = self.right.intercept - self.left.intercept
        return min(max(rise / (self.left.slope - self.right.slope), self.low), self.high)

    def is_split_by(self, line: Line, virtual_cost: float) -> bool:
        """Whether ``line`` is below both at their crossing; a tie ends the recursion."""
        known = self.left.at(virtual_cost)
        below = line.at(virtual_cost) < known - _ROUNDING * abs(known)
        return below and _falls(self.left, line) and _falls(line, self.right)


def _falls(left: Line, right: Line) -> bool:
    return left.slope - right.slope > _ROUNDING * left.slope
