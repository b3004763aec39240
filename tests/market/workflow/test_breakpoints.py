from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.workflow.breakpoints import Line, lower_envelope
from tests.strategies import examples


def line(intercept: float, slope: float) -> Line:
    """A line whose slope is what is paid."""
    return Line(intercept, slope, slope)


def at(line: Line, x: float) -> float:
    return line.intercept + line.slope * x


class Lines:
    """Finds the lowest of some lines, the first of equals, and counts how often it is asked."""

    def __init__(self, lines: list[Line]):
        self.lines = lines
        self.asked = 0

    def lowest(self, x: float) -> Line:
        return min(self.lines, key=lambda line: at(line, x))

    def __call__(self, points):
        self.asked += len(points)
        return [self.lowest(x) for x in points]


def envelope(lines: list[Line], low: float, high: float):
    probe = Lines(lines)
    return lower_envelope(probe, probe.lowest(low), low, high), probe.asked


def test_three_lines_meet_in_two_breakpoints():
    found, asked = envelope([line(0.0, 4.0), line(2.0, 2.0), line(5.0, 1.0)], 0.0, 10.0)
    assert found.drops == ((1.0, 2.0), (3.0, 1.0))
    assert found.retained == 1.0
    assert asked <= 2 * 2 + 1


def test_lines_through_one_point_make_one_breakpoint():
    found, asked = envelope([line(6.0 - s, s) for s in (4.0, 3.0, 2.0, 0.0)], 0.0, 10.0)
    assert found.drops == ((1.0, 4.0),)
    assert found.retained == 0.0
    assert asked == 2


def test_one_line_has_no_breakpoint():
    found, asked = envelope([line(1.0, 2.0)], 0.0, 10.0)
    assert (found.drops, found.retained, asked) == ((), 2.0, 1)


def test_what_is_paid_is_carried_along_and_may_rise():
    lines = [Line(0.0, 4.0, 5.0), Line(2.0, 2.0, 7.0), Line(5.0, 1.0, 3.0)]
    found, _ = envelope(lines, 0.0, 10.0)
    assert found.drops == ((1.0, -2.0), (3.0, 4.0))
    assert found.retained == 3.0


def test_a_tie_at_the_start_keeps_the_line_that_was_chosen():
    lines = [line(0.0, 4.0), line(2.0, 2.0)]
    steep = lower_envelope(Lines(lines), lines[0], 1.0, 10.0)
    flat = lower_envelope(Lines(lines), lines[1], 1.0, 10.0)
    assert steep == (((1.0, 2.0),), 2.0)
    assert flat == ((), 2.0)


def test_an_interval_of_one_point_keeps_the_line_that_was_chosen():
    lines = [line(2.0, 2.0), line(0.0, 4.0)]
    assert lower_envelope(Lines(lines), lines[0], 1.0, 1.0) == ((), 2.0)


def test_a_breakpoint_beside_a_very_large_top_is_exact():
    found, _ = envelope([line(1.0, 3.0), line(2.0, 1.0), line(3.0, 0.0)], 0.0, 1e13)
    assert found.drops == ((0.5, 2.0), (1.0, 1.0))


def test_a_line_that_a_very_large_top_cannot_tell_from_a_better_one_is_replaced():
    found, _ = envelope([line(0.0, 2.0), line(7.0, 1.0), line(6.0, 1.0)], 0.0, 1e20)
    assert found == (((6.0, 1.0),), 1.0)


@given(
    costs=st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 12)), min_size=1, max_size=12, unique=True
    ),
    flats=st.sets(st.integers(1, 20), max_size=12),
    high=st.integers(1, 20),
)
@examples(800)
def test_at_every_flat_the_quantity_is_that_of_the_line_chosen_there(costs, flats, high):
    probe = Lines([line(float(intercept), float(slope)) for intercept, slope in costs])
    shared = sorted(map(float, flats))
    first = probe.lowest(0.0)
    found = lower_envelope(probe, first, 0.0, float(high), shared)
    for flat in shared:
        if flat <= high:
            kept = first.slope - sum(d.quantity for d in found.drops if d.virtual_cost <= flat)
            assert kept == probe.lowest(flat).slope
    assert found.retained == probe.lowest(high).slope
    assert probe.asked <= 4 * len(found.drops) + 1


@given(
    lines=st.lists(
        st.builds(
            line,
            st.one_of(st.integers(0, 20).map(float), st.floats(0, 20)),
            st.one_of(st.integers(0, 20).map(float), st.floats(0, 20)),
        ),
        min_size=1,
        max_size=12,
    ),
    high=st.floats(0, 30),
)
@examples(500)
def test_the_area_under_the_quantity_is_the_rise_of_the_cost(lines, high):
    found, asked = envelope(lines, 0.0, high)
    probe = Lines(lines)
    rise = at(probe.lowest(high), high) - at(probe.lowest(0.0), 0.0)
    drops = found.drops
    area = sum(drop.virtual_cost * drop.quantity for drop in drops) + high * found.retained
    assert area == pytest.approx(rise, rel=1e-9, abs=1e-9)
    assert asked <= 2 * len(drops) + 1
    assert all(drop.quantity > 0 for drop in drops)
    assert list(drops) == sorted(drops)
    # Every drop stands where two of the lines meet.
    crossings = [
        (b.intercept - a.intercept) / (a.slope - b.slope)
        for a, b in combinations(lines, 2)
        if a.slope != b.slope
    ]
    for drop in drops:
        assert np.min(np.abs(np.array([*crossings, 0.0]) - drop.virtual_cost)) < 1e-9
