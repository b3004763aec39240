import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import BadInput
from market.fields import Fields
from market.workflow import PRIORS, Uniform
from tests.strategies import examples


def test_the_virtual_cost_of_a_uniform_prior_is_twice_the_bid_less_the_lowest_cost():
    prior = Uniform(1.0, 3.0)
    assert [prior.virtual_cost(bid) for bid in (1.0, 2.0, 3.0)] == [1.0, 3.0, 5.0]


def test_below_the_support_the_virtual_cost_is_the_bid_and_above_it_is_infinite():
    prior = Uniform(1.0, 3.0)
    assert prior.virtual_cost(0.25) == 0.25
    assert prior.virtual_cost(3.0001) == math.inf


@given(low=st.floats(0, 10), width=st.floats(0.01, 10), part=st.floats(0, 1))
@examples(200)
def test_the_inverse_gives_the_bid_back(low, width, part):
    prior = Uniform(low, low + width)
    bid = part * prior.high
    assert prior.bid_at(prior.virtual_cost(bid)) == pytest.approx(bid, rel=1e-12, abs=1e-12)


def test_the_inverse_stops_at_the_top_of_the_support():
    assert Uniform(1.0, 3.0).bid_at(1e9) == 3.0


@pytest.mark.parametrize(("low", "high"), [(2.0, 2.0), (2.0, 1.0)])
def test_an_empty_support_is_refused(low, high):
    with pytest.raises(BadInput, match=rf"expected a number above low = 2, got {high:g}"):
        Uniform(low, high)


@pytest.mark.parametrize("low", [-1.0, math.nan, math.inf])
def test_a_support_outside_the_finite_prices_is_refused(low):
    with pytest.raises(BadInput, match=r"uniform\.low: expected a finite number >= 0"):
        Uniform(low, 5.0)


def test_every_kind_is_read_by_its_name():
    assert PRIORS["uniform"].read(Fields({"low": 1, "high": 2}, "prior")) == Uniform(1.0, 2.0)
