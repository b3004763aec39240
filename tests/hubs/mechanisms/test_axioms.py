"""The axioms of one clearing, for every mechanism that claims them, exploring or not."""

from dataclasses import replace
from itertools import count, islice

import numpy as np
import pytest
from hypothesis import given

from hubs.mechanisms import MECHANISMS, TRUTHFUL
from tests.hubs.mechanisms.markets import (
    EXPLORATIONS,
    NO_EXPLORATION,
    Market,
    markets,
    random_market,
)
from tests.oracles import BruteForceMatching
from tests.strategies import examples

auctions = pytest.mark.parametrize(
    "auction", [name for name in MECHANISMS if name.startswith("auction")]
)


@auctions
@given(market=markets(least=1))
@examples(100)
def test_no_client_pays_more_than_an_answer_is_predicted_to_be_worth(auction, market: Market):
    clearing = market.cleared(auction)
    rows = np.flatnonzero((clearing.match >= 0) & ~clearing.explored)
    worth = market.offers.values[rows, clearing.match[rows]]
    assert (clearing.client_pays[rows] <= worth).all()


@pytest.mark.parametrize("auction", ["auction", "auction_per_request"])
@given(market=markets(least=1))
@examples(100)
def test_a_one_sided_auction_leaves_the_hub_nothing_to_bear(auction, market: Market):
    clearing = market.cleared(auction)
    kept = clearing.client_pays - clearing.provider_receives
    assert (kept[~clearing.explored] >= 0).all()


@given(market=markets((NO_EXPLORATION,), least=1, most=5))
@examples(60)
def test_a_two_sided_auction_costs_the_hub_what_both_sides_add_to_welfare_beyond_it(
    market: Market,
):
    offers, clearing = market.offers, market.cleared("auction_two_sided")
    best = welfare_of(offers.values, offers.costs, offers.capacities)
    owners = np.array(offers.clients)
    of_clients = sum(
        best - welfare_of(offers.values[owners != one], offers.costs[owners != one],
                          offers.capacities)
        for one in set(offers.clients)
    )  # fmt: skip
    of_providers = sum(
        best - welfare_of(offers.values, offers.costs,
                          np.where(np.arange(len(offers.capacities)) == one, 0, offers.capacities))
        for one in range(len(offers.capacities))
    )  # fmt: skip
    deficit = int(clearing.provider_receives.sum() - clearing.client_pays.sum())
    assert deficit == of_clients + of_providers - best
    assert deficit >= 0


@given(market=markets((NO_EXPLORATION,), least=1, most=5))
@examples(60)
def test_a_provider_receives_two_sidedly_its_cost_and_what_it_adds_to_welfare(market: Market):
    offers, clearing = market.offers, market.cleared("auction_two_sided")
    best = welfare_of(offers.values, offers.costs, offers.capacities)
    for provider in range(len(offers.capacities)):
        rows = np.flatnonzero(clearing.match == provider)
        gain = int((clearing.provider_receives[rows] - offers.costs[rows, provider]).sum())
        without = offers.capacities.copy()
        without[provider] = 0
        assert gain == best - welfare_of(offers.values, offers.costs, without)


@pytest.mark.parametrize("mechanism", [name for name, who in TRUTHFUL.items() if who.clients])
@given(market=markets(least=1))
@examples(200)
def test_no_client_gains_by_a_lie_where_clients_are_said_to_be_truthful(mechanism, market: Market):
    assert gain_of_a_client(mechanism, market) <= 0


@pytest.mark.parametrize("mechanism", [name for name, who in TRUTHFUL.items() if who.providers])
@given(market=markets(least=1))
@examples(200)
def test_no_provider_gains_by_a_lie_where_providers_are_said_to_be_truthful(
    mechanism, market: Market
):
    assert gain_of_a_provider(mechanism, market) <= 0


@pytest.mark.parametrize("mechanism", [name for name, who in TRUTHFUL.items() if not who.clients])
@pytest.mark.parametrize("exploration", EXPLORATIONS)
def test_some_client_gains_by_a_lie_where_clients_are_not(mechanism, exploration):
    assert any(gain_of_a_client(mechanism, one) > 0 for one in some_markets(exploration))


@pytest.mark.parametrize("mechanism", [name for name, who in TRUTHFUL.items() if not who.providers])
@pytest.mark.parametrize("exploration", EXPLORATIONS)
def test_some_provider_gains_by_a_lie_where_providers_are_not(mechanism, exploration):
    assert any(gain_of_a_provider(mechanism, one) > 0 for one in some_markets(exploration))


def some_markets(exploration):
    return islice((random_market(7, 3, exploration, seed) for seed in count()), 2000)


def welfare_of(values: np.ndarray, costs: np.ndarray, capacities: np.ndarray) -> int:
    allowed = np.ones(values.shape, dtype=bool)
    return BruteForceMatching(values, costs, allowed, capacities).welfare()


def gain_of_a_client(mechanism: str, market: Market) -> int:
    """What the owner of the first request gains by other values of its own requests."""
    offers, rng = market.offers, np.random.default_rng(market.seed + 1)
    rows = [row for row, owner in enumerate(offers.clients) if owner == offers.clients[0]]
    lie = offers.values.copy()
    lie[rows] = rng.integers(-5, 40, lie[rows].shape) * 1_000_003
    if rng.random() < 0.5:
        lie[rows] = offers.values[rows] // 2

    def utility(reported: np.ndarray) -> int:
        clearing = market.offering(values=reported).cleared(mechanism)
        served = [row for row in rows if clearing.match[row] >= 0]
        worth = offers.values[served, clearing.match[served]]
        return int(worth.sum() - clearing.client_pays[rows].sum())

    return utility(lie) - utility(offers.values)


def gain_of_a_provider(mechanism: str, market: Market) -> int:
    """What the last provider gains by other costs of its own."""
    offers, rng = market.offers, np.random.default_rng(market.seed + 1)
    lie = offers.costs.copy()
    lie[:, -1] = rng.integers(0, 9, len(lie)) * 999_983
    if rng.random() < 0.5:
        lie[:, -1] = offers.costs[:, -1] * 2

    def utility(reported: np.ndarray) -> int:
        clearing = replace(market, offers=replace(offers, costs=reported)).cleared(mechanism)
        rows = np.flatnonzero(clearing.match == len(offers.capacities) - 1)
        return int((clearing.provider_receives[rows] - offers.costs[rows, -1]).sum())

    return utility(lie) - utility(offers.costs)
