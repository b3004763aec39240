"""What holds of every cost, of whatever kind, alone and composed of others."""

import math
import pickle
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.cost import CostParams
from tests.agents.cost.costs import (
    CONSTANT,
    COSTS,
    ELECTRICITY,
    PAPER,
    PARAMS,
    SHORT_DAY,
    SPOT,
    drawn,
)
from tests.strategies import examples

every_cost = pytest.mark.parametrize("stated", COSTS.values(), ids=COSTS.keys())
times = st.floats(0, 1e6)
loads = st.floats(0, 1)


def wrapped(inner):
    between = st.tuples(st.floats(0.01, 2.0), st.floats(0.01, 2.0)).map(
        lambda ends: [ends[0], ends[0] + ends[1]]
    )
    return st.one_of(
        st.builds(lambda of, slope: {"kind": "load", "of": of, "slope": slope}, inner,
                  st.floats(0.01, 50)),
        st.builds(lambda of, ends: {"kind": "scarcity", "of": of, "between": ends}, inner, between),
        st.builds(lambda of: {"kind": "sum", "of": of}, st.lists(inner, min_size=1, max_size=4)),
    )  # fmt: skip


compositions = st.recursive(
    st.sampled_from([PAPER, CONSTANT, ELECTRICITY, SPOT]), wrapped, max_leaves=5
)


def test_every_kind_is_here():
    kinds = {choice.model_fields["kind"].annotation for choice in get_args(get_args(CostParams)[0])}
    stated = {get_args(kind)[0] for kind in kinds}
    assert stated == {cost["kind"] for cost in COSTS.values()} == set(COSTS) - {"all at once"}


@given(stated=compositions, seed=st.integers(0, 2**63), time_s=times, load=loads)
@examples(300)
def test_a_cost_is_finite_above_zero_and_within_its_public_support(stated, seed, time_s, load):
    cost = drawn(stated, "p", seed)
    low, high = cost.support(time_s)
    assert 0 < low <= cost.usd_per_mtok(time_s, load) <= high < math.inf


@given(stated=compositions, time_s=times)
@examples(200)
def test_no_cost_is_below_the_lowest_at_a_price_level_of_one(stated, time_s):
    cost = drawn(stated)
    low, _ = cost.support(time_s)
    level = cost.price_level(time_s)
    assert level >= 1
    assert low / level >= cost.lowest * (1 - 1e-12) > 0


@given(stated=compositions, time_s=times, load=loads)
@examples(200)
def test_no_cost_is_above_the_highest_at_a_price_level_of_one(stated, time_s, load):
    cost = drawn(stated)
    highest = cost.highest * SHORT_DAY.factor(time_s)  # a sum's parts may move apart
    assert cost.usd_per_mtok(time_s, load) <= highest * (1 + 1e-12)


@every_cost
def test_a_cost_is_a_function_of_time_and_load_in_any_order_of_asking(stated):
    asked = [(5.5, 0.0), (0.0, 1.0), (17.0, 0.25), (5.5, 0.0), (1000.0, 0.5), (0.3, 0.0)]
    asked_often = drawn(stated)
    costs = [asked_often.usd_per_mtok(*one) for one in asked]
    assert costs == [drawn(stated).usd_per_mtok(*one) for one in asked]
    assert costs[::-1] == [asked_often.usd_per_mtok(*one) for one in reversed(asked)]
    moved = pickle.loads(pickle.dumps(asked_often))
    assert costs == [moved.usd_per_mtok(*one) for one in asked]
    assert [moved.support(time_s) for time_s, _ in asked] == [
        asked_often.support(time_s) for time_s, _ in asked
    ]


@every_cost
def test_it_never_falls_as_the_load_grows(stated):
    cost = drawn(stated)
    costs = [cost.usd_per_mtok(3.0, load / 10) for load in range(11)]
    assert costs == sorted(costs)


@pytest.mark.parametrize("kind", sorted(set(COSTS) - {"electricity"}))
def test_providers_and_seeds_have_draws_of_their_own(kind):
    costs = {drawn(COSTS[kind], name, seed).usd_per_mtok(8.0, 0.5)
             for name in "pqrstu" for seed in range(6)}  # fmt: skip
    assert len(costs) == (3 if kind == "spot" else 36)  # spot: as many as there are zones


@every_cost
def test_what_is_stated_survives_being_written_down(stated):
    params = PARAMS.validate_python(stated)
    again = PARAMS.validate_json(PARAMS.dump_json(params))
    assert again == params
