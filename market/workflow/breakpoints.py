"""The exact breakpoints of the optimal cost as a function of one provider's virtual cost.

With everything else fixed, J*(phi) = min_A (a_A + phi q_A) is the lower envelope of one line per
allocation: concave, piecewise linear, and its slope is the provider's quantity. Two lines known to
be optimal at the ends of an interval are intersected; either nothing is below them there, and the
crossing is a breakpoint, or a new line is found and splits the interval. K breakpoints take at
most 2K + 1 solves. Source: Eisner and Severance (1976).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from market.workflow.quantities import FloatArray

#: Relative; differences below it are rounding, a few hundred units in the last place.
_ROUNDING = 1e-13


@dataclass(frozen=True, slots=True)
class Line:
    """The cost of one allocation as a function of one provider's virtual cost.

    ``intercept`` is what everyone else's work costs, ``slope`` the provider's quantity. Both are
    computed from the allocation, never by subtraction, which would lose them beside a large phi.
    ``paid`` is the work that the provider is paid for: its quantity, for whoever is to be truthful.
    """

    intercept: float
    slope: float
    paid: float

    def rise_over(self, other: Line) -> Rise:
        """What everyone else's work costs more than under ``other``."""
        size = max(abs(self.intercept), abs(other.intercept))
        return Rise(self.intercept - other.intercept, size)

    def is_below(self, other: Line, virtual_cost: float) -> bool:
        """Whether it costs less than ``other``, by more than rounding."""
        rise, size = self.rise_over(other)
        own = virtual_cost * (self.slope - other.slope)
        return rise + own < -_ROUNDING * (size + virtual_cost * max(self.slope, other.slope))


class Rise(NamedTuple):
    """A difference, and the size of the amounts that it was made of."""

    difference: float
    size: float


class Drop(NamedTuple):
    """From ``virtual_cost`` on, and not below it, ``quantity`` of the paid work is lost."""

    virtual_cost: float
    quantity: float


class Envelope(NamedTuple):
    """The paid work as a step function: its drops, ascending, and what is left at the top."""

    drops: tuple[Drop, ...]
    retained: float


#: The optimal line at each of some virtual costs.
Probe = Callable[[FloatArray], Sequence[Line]]


def lower_envelope(
    probe: Probe, first: Line, low: float, high: float, flats: Sequence[float] = ()
) -> Envelope:
    """The envelope on [low, high], where ``first`` is optimal at ``low``.

    At each of ``flats``, ascending, the quantity is the one that the probe finds there, also among
    ties: a drop is before the flat, at its virtual cost, or after it, at the next float. That
    takes at most two more probes for every breakpoint. All open intervals are probed at once, so
    that a solver can share its work among them.
    """
    if low >= high:
        return Envelope((), first.paid)
    (last,) = probe(np.array([high]))
    if not _falls(first, last):
        return Envelope((), first.paid)
    drops = []
    intervals = [_Interval(low, first, high, last)]
    while intervals:
        points = [interval.next_point(flats) for interval in intervals]
        found = probe(np.array(points))
        halves: list[_Interval] = []
        for interval, point, line in zip(intervals, points, found, strict=True):
            if interval.is_split_by(line, point, flats):
                halves += interval.halves(interval.bounded(line), point)
            else:
                drops.append(interval.drop(point, flats))
        intervals = [half for half in halves if _falls(half.left, half.right)]
    return Envelope(tuple(sorted(drops)), last.paid)


class _Interval(NamedTuple):
    """An interval with the lines that are chosen at its ends, the left one steeper."""

    low: float
    left: Line
    high: float
    right: Line

    def next_point(self, flats: Sequence[float]) -> float:
        """The flat inside that is nearest to where the two lines meet, or without one, there."""
        rise = self.right.rise_over(self.left).difference
        crossing = rise / (self.left.slope - self.right.slope)
        inside = range(bisect_right(flats, self.low), bisect_left(flats, self.high))
        if not inside:
            return min(max(crossing, self.low), self.high)
        after = min(max(bisect_left(flats, crossing), inside.start), inside.stop - 1)
        before = max(after - 1, inside.start)
        return min(flats[before], flats[after], key=lambda flat: abs(flat - crossing))

    def is_split_by(self, line: Line, point: float, flats: Sequence[float]) -> bool:
        """Whether ``line``, found inside, is at a flat or below both; a tie ends the recursion."""
        if not self.low < point < self.high:
            return False
        return _is_one_of(flats, point) or line.is_below(self.left, point)

    def bounded(self, line: Line) -> Line:
        """``line``, unless rounding made it steeper than the left or flatter than the right."""
        if line.slope > self.left.slope:
            return self.left
        return self.right if line.slope < self.right.slope else line

    def halves(self, line: Line, point: float) -> Sequence[_Interval]:
        """The parts before and after ``point``, where ``line`` is chosen."""
        return (
            _Interval(self.low, self.left, point, line),
            _Interval(point, line, self.high, self.right),
        )

    def drop(self, point: float, flats: Sequence[float]) -> Drop:
        """The drop from the left line to the right one, behind a flat that the left one has."""
        if point == self.low and _is_one_of(flats, point):
            point = math.nextafter(point, math.inf)
        return Drop(point, self.left.paid - self.right.paid)


def _is_one_of(ascending: Sequence[float], value: float) -> bool:
    position = bisect_left(ascending, value)
    return position < len(ascending) and ascending[position] == value


def _falls(left: Line, right: Line) -> bool:
    return left.slope - right.slope > _ROUNDING * left.slope
