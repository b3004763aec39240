"""What every mechanism owes its hub, whatever it is."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubs.mechanisms import MECHANISMS, Clearing, Offers
from hubs.params import HubParams
from tests.strategies import examples


@dataclass(frozen=True)
class Market:
    offers: Offers
    seed: int

    def cleared(self, mechanism: str, seed: int | None = None) -> Clearing:
        rng = np.random.default_rng(self.seed if seed is None else seed)
        return MECHANISMS[mechanism]().clear(self.offers, rng)


@st.composite
def markets(draw: st.DrawFn) -> Market:
    """Offers as hubs make them: no cost below zero, any value, some providers full."""
    requests, providers = draw(st.integers(1, 7)), draw(st.integers(1, 4))
    size, shape = requests * providers, (requests, providers)

    def matrix(entries: st.SearchStrategy, dtype: type) -> np.ndarray:
        listed = draw(st.lists(entries, min_size=size, max_size=size))
        return np.array(listed, dtype=dtype).reshape(shape)

    owners = draw(st.lists(st.sampled_from("abc"), min_size=requests, max_size=requests))
    slots = draw(st.lists(st.integers(0, 3), min_size=providers, max_size=providers))
    offers = Offers(
        values=matrix(st.integers(-5, 40), np.int64) * 1_000_003,
        costs=matrix(st.integers(0, 9), np.int64) * 999_983,
        capacities=np.array(slots, dtype=np.int64),
        clients=owners,
        cached_tokens=matrix(st.sampled_from([0.0, 0.0, 16.0, 160.0]), np.float64),
    )
    return Market(offers, draw(st.integers(0, 9)))


every_mechanism = pytest.mark.parametrize("mechanism", MECHANISMS)


@every_mechanism
@given(market=markets())
@examples(100)
def test_nobody_serves_more_than_its_free_slots(mechanism, market: Market):
    clearing = market.cleared(mechanism)
    providers = len(market.offers.capacities)
    assert clearing.match.shape == (len(market.offers.values),)
    assert ((clearing.match >= -1) & (clearing.match < providers)).all()
    used = np.bincount(clearing.match[clearing.match >= 0], minlength=providers)
    assert (used <= market.offers.capacities).all()


@every_mechanism
@given(market=markets())
@examples(100)
def test_who_is_not_matched_pays_nothing_and_costs_nothing(mechanism, market: Market):
    clearing = market.cleared(mechanism)
    unmatched = clearing.match < 0
    assert (clearing.client_pays[unmatched] == 0).all()
    assert (clearing.provider_receives[unmatched] == 0).all()


@every_mechanism
@given(market=markets())
@examples(100)
def test_clients_pay_at_least_what_providers_receive_and_those_at_least_their_cost(
    mechanism, market: Market
):
    clearing = market.cleared(mechanism)
    served = np.flatnonzero(clearing.match >= 0)
    assert (clearing.client_pays >= clearing.provider_receives).all()
    cost = market.offers.costs[served, clearing.match[served]]
    assert (clearing.provider_receives[served] >= cost).all()


@every_mechanism
@given(market=markets())
@examples(100)
def test_amounts_and_prices_are_whole_and_never_negative(mechanism, market: Market):
    clearing = market.cleared(mechanism)
    assert clearing.scarcity_prices.shape == market.offers.capacities.shape
    for amounts in (clearing.client_pays, clearing.provider_receives, clearing.scarcity_prices):
        assert np.issubdtype(amounts.dtype, np.integer)
        assert (amounts >= 0).all()


@every_mechanism
@given(market=markets())
@examples(60)
def test_the_same_generator_gives_the_same_clearing(mechanism, market: Market):
    one, other = market.cleared(mechanism), market.cleared(mechanism)
    assert one.match.tolist() == other.match.tolist()
    assert one.client_pays.tolist() == other.client_pays.tolist()
    assert one.provider_receives.tolist() == other.provider_receives.tolist()
    assert one.scarcity_prices.tolist() == other.scarcity_prices.tolist()


@every_mechanism
@given(market=markets())
@examples(60)
def test_what_was_offered_is_left_as_it_was(mechanism, market: Market):
    before = [getattr(market.offers, name).copy() for name in ("values", "costs", "capacities")]
    market.cleared(mechanism)
    after = [getattr(market.offers, name) for name in ("values", "costs", "capacities")]
    assert all((one == other).all() for one, other in zip(before, after, strict=True))


@every_mechanism
def test_a_full_hub_serves_nobody(mechanism):
    offers = Offers(
        np.full((2, 2), 9), np.ones((2, 2), dtype=np.int64), np.zeros(2, dtype=np.int64),
        ("a", "b"), np.ones((2, 2)),
    )  # fmt: skip
    assert Market(offers, 0).cleared(mechanism).match.tolist() == [-1, -1]


@every_mechanism
def test_a_scenario_can_name_it(mechanism):
    assert HubParams(mechanism=mechanism).mechanism == mechanism
