from dataclasses import replace

import numpy as np
from hypothesis import given

from hubs.mechanisms import Auction, Offers, PerRequestAuction
from market.matching import clear
from tests.strategies import MatchingMarket, examples, matching_markets


def offers(market: MatchingMarket) -> Offers:
    return Offers(
        market.values, market.costs, market.capacities, market.clients, np.zeros(market.costs.shape)
    )


@given(market=matching_markets(most_clients=3))
@examples(100)
def test_clients_pay_clarke_prices_and_providers_receive_their_cost(market: MatchingMarket):
    everywhere = np.ones(market.values.shape, dtype=bool)
    expected = clear(market.values, market.costs, everywhere, market.capacities, market.clients)
    clearing = Auction().clear(offers(market), np.random.default_rng(0))
    assert clearing.match.tolist() == expected.match.tolist()
    assert clearing.client_pays.tolist() == expected.payments.tolist()
    assert clearing.scarcity_prices.tolist() == expected.scarcity_prices.tolist()
    for row, provider in enumerate(clearing.match):
        cost = market.costs[row, provider] if provider >= 0 else 0
        assert clearing.provider_receives[row] == cost


@given(market=matching_markets(most_clients=2))
@examples(100)
def test_charged_per_request_a_client_pays_for_what_its_own_requests_displace(
    market: MatchingMarket,
):
    together = Auction().clear(offers(market), np.random.default_rng(0))
    singly = PerRequestAuction().clear(offers(market), np.random.default_rng(0))
    alone = replace(market, clients=tuple(map(str, range(len(market.clients)))))
    assert singly.match.tolist() == together.match.tolist()
    expected = Auction().clear(offers(alone), np.random.default_rng(0)).client_pays
    assert singly.client_pays.tolist() == expected.tolist()
    assert (singly.client_pays >= together.client_pays).all()


def test_two_who_want_one_slot_leave_the_difference_with_the_hub():
    two = Offers(
        np.array([[10], [8]]), np.array([[2], [1]]), np.array([1]), ("a", "b"), np.zeros((2, 1))
    )
    clearing = Auction().clear(two, np.random.default_rng(0))
    # Worth 8 to the first, 7 to the second.
    assert clearing.match.tolist() == [0, -1]
    assert clearing.client_pays.tolist() == [9, 0]
    assert clearing.provider_receives.tolist() == [2, 0]
    assert clearing.scarcity_prices.tolist() == [7]


def test_the_generator_is_left_alone():
    rng = np.random.default_rng(3)
    two = Offers(np.array([[10]]), np.array([[2]]), np.array([1]), ("a",), np.zeros((1, 1)))
    Auction().clear(two, rng)
    assert rng.random() == np.random.default_rng(3).random()
