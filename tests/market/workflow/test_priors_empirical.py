import math
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.workflow import Empirical
from market.workflow.priors.empirical import convex_hull
from tests.oracles import ironed_virtual_cost
from tests.strategies import empirical_priors, examples

samples = st.lists(
    st.one_of(st.integers(0, 9).map(float), st.floats(0, 100), st.floats(0, 1e12)),
    min_size=1,
    max_size=12,
)


def test_an_irregular_sample_is_ironed_by_hand():
    # The points (k, k c) are (1, 1), (2, 10), (3, 18), (4, 40): slopes 1, 9, 8, 22.
    prior = Empirical.of([6.0, 1.0, 10.0, 5.0])
    assert prior.flats == (8.5, 22.0)
    bids = [0.5, 1.0, 1.5, 5.0, 6.0, 6.5, 10.0, 10.5]
    costs = [0.5, 1.0, 8.5, 8.5, 8.5, 22.0, 22.0, math.inf]
    assert [prior.virtual_cost(bid) for bid in bids] == costs
    virtual_costs = [0.5, 1.0, 1.5, 8.5, 9.0, 22.0, 23.0]
    assert [prior.bid_at(x) for x in virtual_costs] == [0.5, 1.0, 1.0, 1.0, 6.0, 6.0, 10.0]


def test_equal_samples_are_one_point_of_their_joint_probability():
    # (3, 6), (4, 12): slopes 2 and 6.
    assert Empirical.of([2.0, 3.0, 2.0, 2.0]).flats == (6.0,)


def test_a_single_value_is_a_posted_price():
    for values in ([3.0], [3.0] * 7, [0.1] * 11):
        prior = Empirical.of(values)
        assert prior.flats == ()
        assert prior.low == prior.high == prior.virtual_cost(prior.high) == values[0]
        assert prior.bid_at(1e9) == values[0]


def test_a_top_above_all_samples_is_one_more_sample():
    wider = Empirical.of([1.0, 2.0], low=0.5, high=4.0)
    assert wider.flats == Empirical.of([1.0, 2.0, 4.0]).flats == (3.0, 8.0)
    assert wider.virtual_cost(0.75) == 0.75


def test_arrays_are_read():
    assert Empirical.of(np.array([1, 2, 3])) == Empirical.of([1.0, 2.0, 3.0])


@given(values=samples, beyond=st.sampled_from([0.0, 5.0]), data=st.data())
@examples(500)
def test_the_virtual_cost_is_that_of_the_brute_force_hull(values, beyond, data):
    high = min(max(values) + beyond, 1e12)
    prior = Empirical.of(values, high=high)
    bids = [*values, high, data.draw(st.floats(0, 1)) * high]
    for bid in bids:
        expected = float(ironed_virtual_cost(values, high, bid))
        assert prior.virtual_cost(bid) == pytest.approx(expected, rel=1e-12)


@given(prior=empirical_priors())
@examples(300)
def test_on_whole_numbers_the_hull_is_exact(prior):
    for bid in {*prior.samples, prior.high}:
        assert prior.virtual_cost(bid) == ironed_virtual_cost(prior.samples, prior.high, bid)


@given(rises=st.lists(st.integers(1, 1000), min_size=1, max_size=30, unique=True))
@examples(300)
def test_where_the_sample_is_regular_nothing_is_ironed(rises):
    # k c_(k) grows by the k-th rise: with ascending rises the raw virtual costs are the rises.
    totals = accumulate(sorted(rises))
    costs = [total / rank for rank, total in enumerate(totals, start=1)]
    prior = Empirical.of(costs)
    for cost, rise in zip(costs, sorted(rises), strict=True):
        assert prior.virtual_cost(cost) == pytest.approx(rise, rel=1e-9)


@given(values=samples)
@examples(500)
def test_the_hull_rises_strictly_in_floating_point(values):
    hull = convex_hull(values)
    slopes = [corner.slope for corner in hull]
    assert all(a < b for a, b in pairwise(slopes))
    assert (hull[0].cost, hull[0].slope) == (min(values), min(values))
    assert (hull[-1].cost, hull[-1].rank) == (max(values), len(values))


def test_the_virtual_cost_of_many_uniform_costs_is_near_that_of_the_uniform_prior():
    values = np.random.default_rng(3).uniform(1.0, 2.0, 50_000)
    prior = Empirical.of(values, low=1.0, high=2.0)
    for bid in (1.1, 1.5, 1.9):
        assert prior.virtual_cost(bid) == pytest.approx(2 * bid - 1.0, rel=0.05)
