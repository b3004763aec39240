from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from hubs.mechanisms import MECHANISMS, Clearing
from market.matching import NO_PRICE, clear
from tests.hubs.mechanisms.markets import offers
from tests.strategies import MatchingMarket, examples, matching_markets

AUCTIONS = ("auction", "auction_per_request", "auction_two_sided")


def cleared(name: str, market: MatchingMarket) -> Clearing:
    offered = offers(market.costs, market.capacities, values=market.values, clients=market.clients)
    return MECHANISMS[name](()).clear(offered, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("name", "payments"), [("auction", "client_clarke"), ("auction_two_sided", "two_sided")]
)
@given(market=matching_markets(most_clients=3))
@examples(60)
def test_the_market_is_cleared_with_everyone_allowed_and_clients_charged_together(
    name, payments, market: MatchingMarket
):
    everywhere = np.ones(market.values.shape, dtype=bool)
    expected = clear(
        market.values, market.costs, everywhere, market.capacities, market.clients,
        payments=payments,
    )  # fmt: skip
    clearing = cleared(name, market)
    assert clearing.match.tolist() == expected.match.tolist()
    assert clearing.client_pays.tolist() == expected.payments.tolist()
    assert clearing.provider_receives.tolist() == expected.provider_receives.tolist()
    assert clearing.scarcity_prices.tolist() == expected.scarcity_prices.tolist()
    assert clearing.largest_prices.tolist() == expected.largest_prices.tolist()
    assert not clearing.explored.any()


@given(market=matching_markets(most_clients=2))
@examples(100)
def test_charged_per_request_a_client_pays_for_what_its_own_requests_displace(
    market: MatchingMarket,
):
    together, singly = cleared("auction", market), cleared("auction_per_request", market)
    alone = replace(market, clients=tuple(map(str, range(len(market.clients)))))
    assert singly.match.tolist() == together.match.tolist()
    assert singly.client_pays.tolist() == cleared("auction", alone).client_pays.tolist()
    assert (singly.client_pays >= together.client_pays).all()


@pytest.mark.parametrize("name", ["auction", "auction_per_request"])
@given(market=matching_markets(most_clients=3))
@examples(60)
def test_one_sided_a_provider_receives_what_it_asked(name, market: MatchingMarket):
    clearing = cleared(name, market)
    for row, provider in enumerate(clearing.match):
        asked = market.costs[row, provider] if provider >= 0 else 0
        assert clearing.provider_receives[row] == asked


def test_two_who_want_one_slot_leave_the_difference_with_the_hub():
    two = offers([[2], [1]], [1], values=np.array([[10], [8]]))
    clearing = MECHANISMS["auction"](()).clear(two, np.random.default_rng(0))
    # Worth 8 to the first, 7 to the second.
    assert clearing.match.tolist() == [0, -1]
    assert clearing.client_pays.tolist() == [9, 0]
    assert clearing.provider_receives.tolist() == [2, 0]
    assert clearing.scarcity_prices.tolist() == [7]
    assert clearing.largest_prices.tolist() == [8]


def test_two_sided_the_hub_makes_up_what_the_clients_do_not_pay():
    two = offers([[2, 4, 4], [1, 4, 4]], [1, 1, 0], values=np.array([[10, 9, 9], [8, 9, 9]]))
    clearing = MECHANISMS["auction_two_sided"](()).clear(two, np.random.default_rng(0))
    # Worth 8 and 5 to the first, 7 and 5 to the second: 13 = 8 + 5 in all, 8 without the second
    # provider, 5 without the first; a second slot of the first would add 2.
    assert clearing.match.tolist() == [0, 1]
    assert clearing.client_pays.tolist() == [2 + 2, 4]
    assert clearing.provider_receives.tolist() == [2 + 8, 4 + 5]
    assert clearing.scarcity_prices.tolist() == [2, 0, 0]
    assert clearing.largest_prices.tolist() == [8, 5, NO_PRICE]


@pytest.mark.parametrize("name", AUCTIONS)
def test_the_generator_is_left_alone(name):
    rng = np.random.default_rng(3)
    MECHANISMS[name](()).clear(offers([[2]], [1]), rng)
    assert rng.random() == np.random.default_rng(3).random()
