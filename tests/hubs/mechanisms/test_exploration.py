import numpy as np
import pytest
from hypothesis import given
from pydantic import ValidationError

from hubs.mechanisms import MECHANISMS, ExplorationParams, Exploring, Offers, mechanism_of
from tests.hubs.mechanisms.markets import EXPLORATIONS, Market, markets, members, offers
from tests.strategies import examples

every_mechanism = pytest.mark.parametrize("mechanism", MECHANISMS)
exploring = EXPLORATIONS[1:]


@every_mechanism
@given(market=markets(exploring, least=1))
@examples(80)
def test_no_report_moves_what_is_explored_or_what_is_paid_for_it(mechanism, market: Market):
    rng = np.random.default_rng(market.seed + 1)
    shape = market.offers.costs.shape
    honest = market.cleared(mechanism)
    lying = market.offering(
        values=rng.integers(-9, 99, shape), costs=rng.integers(0, 99, shape)
    ).cleared(mechanism)
    assert lying.explored.tolist() == honest.explored.tolist()
    away = honest.explored
    assert lying.match[away].tolist() == honest.match[away].tolist()
    assert lying.client_pays[away].tolist() == honest.client_pays[away].tolist()
    assert lying.provider_receives[away].tolist() == honest.provider_receives[away].tolist()


@every_mechanism
@given(market=markets(exploring, least=1))
@examples(80)
def test_the_hub_pays_the_top_cost_of_what_is_explored_and_the_client_nothing(
    mechanism, market: Market
):
    clearing = market.cleared(mechanism)
    rows = np.flatnonzero(clearing.explored & (clearing.match >= 0))
    assert not clearing.client_pays[rows].any()
    top = market.offers.top_costs[rows, clearing.match[rows]]
    assert clearing.provider_receives[rows].tolist() == top.tolist()


class Recorded:
    """Serves nobody, and remembers what it was offered and what it would have drawn."""

    def __init__(self):
        self.offers: list[Offers] = []
        self.draws: list[float] = []
        self._nobody = MECHANISMS["auction"](())

    def clear(self, offers: Offers, rng: np.random.Generator):
        self.offers.append(offers)
        self.draws.append(rng.random())
        return self._nobody.clear(offers, rng)


@given(market=markets(exploring, least=1))
@examples(80)
def test_the_others_are_cleared_in_the_slots_that_are_left(market: Market):
    inner = Recorded()
    clearing = Exploring(inner, market.exploration).clear(
        market.offers, np.random.default_rng(market.seed)
    )
    (left,) = inner.offers
    rest = np.flatnonzero(~clearing.explored)
    sent = clearing.match[clearing.explored]
    taken = np.bincount(sent[sent >= 0], minlength=len(market.offers.capacities))
    expected = market.offers.only(rest, market.offers.capacities - taken)
    assert left.capacities.tolist() == expected.capacities.tolist()
    assert left.costs.tolist() == market.offers.costs[rest].tolist()
    assert left.clients == [market.offers.clients[row] for row in rest]
    alone = MECHANISMS["auction"](()).clear(expected, np.random.default_rng(0))
    assert clearing.match[rest].tolist() == alone.match.tolist()
    assert clearing.client_pays[rest].tolist() == alone.client_pays.tolist()
    assert clearing.provider_receives[rest].tolist() == alone.provider_receives.tolist()
    assert clearing.scarcity_prices.tolist() == alone.scarcity_prices.tolist()
    assert clearing.largest_prices.tolist() == alone.largest_prices.tolist()


@given(market=markets(exploring, least=1))
@examples(40)
def test_no_report_moves_what_the_mechanism_draws(market: Market):
    inner = Recorded()
    wrapped = Exploring(inner, market.exploration)
    lying = market.offering(values=-market.offers.values, costs=market.offers.costs + 1)
    for offered in (market.offers, lying.offers):
        wrapped.clear(offered, np.random.default_rng(market.seed))
    assert inner.draws[0] == inner.draws[1]


def test_each_request_is_explored_at_the_rate_and_goes_anywhere_alike():
    wrapped = mechanism_of("cheapest", members([600] * 3), ExplorationParams(rate=0.3))
    many = offers([[1, 2, 3]] * 3000, [9000, 3000, 3000])
    clearing = wrapped.clear(many, np.random.default_rng(5))
    assert clearing.explored.mean() == pytest.approx(0.3, abs=0.03)
    share = np.bincount(clearing.match[clearing.explored]) / clearing.explored.sum()
    assert share == pytest.approx([1 / 3] * 3, abs=0.05)
    assert set(clearing.match[~clearing.explored].tolist()) == {0}


def test_the_warm_up_explores_everything_and_then_ends():
    wrapped = mechanism_of("cheapest", members([9, 9]), ExplorationParams(warm_up_rounds=2))
    explored = [
        wrapped.clear(offers([[1, 2]] * 6, [9, 9], round=number), np.random.default_rng(number))
        .explored.tolist()
        for number in (1, 2, 3)
    ]  # fmt: skip
    assert explored == [[True] * 6, [True] * 6, [False] * 6]


def test_explored_requests_that_find_no_slot_wait_like_any_other():
    wrapped = mechanism_of("auction", members([1, 1]), ExplorationParams(rate=1.0))
    clearing = wrapped.clear(offers([[1, 1]] * 3, [1, 0]), np.random.default_rng(0))
    assert clearing.match.tolist() == [0, -1, -1]
    assert clearing.provider_receives.tolist() == [2, 0, 0]


@pytest.mark.parametrize(
    ("key", "value"),
    [("rate", -0.1), ("rate", 1.1), ("rate", float("nan")), ("warm_up_rounds", -1)],
)
def test_parameters_out_of_bounds_are_refused(key, value):
    with pytest.raises(ValidationError, match=key):
        ExplorationParams(**{key: value})
