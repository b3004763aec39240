import numpy as np
import pytest
from hypothesis import given

from hubs.mechanisms import ROUTERS
from tests.hubs.mechanisms.markets import NO_EXPLORATION, Market, markets, members, offers
from tests.strategies import examples

every_router = pytest.mark.parametrize("router", ROUTERS)

#: What each router looks at, free slots aside.
READS = {
    "random": (),
    "round_robin": (),
    "least_loaded": (),
    "cheapest": ("costs",),
    "sticky": ("cached_tokens",),
    "matrix_factorization": ("costs", "domains"),
}


def test_each_router_says_what_it_looks_at():
    assert list(READS) == list(ROUTERS)


@every_router
@given(market=markets((NO_EXPLORATION,)))
@examples(80)
def test_nobody_is_turned_away_while_a_slot_is_free_even_at_a_loss(router, market: Market):
    clearing = market.cleared(router)
    served = clearing.match >= 0
    slots = int(market.offers.capacities.sum())
    assert served.tolist() == [row < slots for row in range(len(served))]


@every_router
@given(market=markets((NO_EXPLORATION,)))
@examples(80)
def test_clients_pay_and_providers_get_the_cost_at_the_bid(router, market: Market):
    clearing = market.cleared(router)
    rows = np.flatnonzero(clearing.match >= 0)
    cost = market.offers.costs[rows, clearing.match[rows]]
    assert clearing.client_pays[rows].tolist() == cost.tolist()
    assert clearing.provider_receives.tolist() == clearing.client_pays.tolist()
    assert not clearing.scarcity_prices.any()
    assert not clearing.largest_prices.any()
    assert not clearing.explored.any()


@every_router
@given(market=markets((NO_EXPLORATION,)))
@examples(80)
def test_what_a_router_does_not_look_at_moves_nobody(router, market: Market):
    rng = np.random.default_rng(market.seed + 1)
    names = ("values", "costs", "cached_tokens", "top_costs", "domains", "clients")
    unseen = {
        name: rng.permutation(getattr(market.offers, name))
        for name in names
        if name not in READS[router]
    }
    unseen["round"] = market.offers.round + 1
    changed = market.offering(**unseen)
    assert changed.cleared(router).match.tolist() == market.cleared(router).match.tolist()


@every_router
@given(market=markets((NO_EXPLORATION,)))
@examples(40)
def test_later_requests_move_nobody_who_came_before(router, market: Market):
    whole = market.cleared(router).match
    first = np.arange(len(whole) // 2)
    half = market.offers.only(first, market.offers.capacities)
    alone = Market(half, market.members, NO_EXPLORATION, market.seed)
    assert alone.cleared(router).match.tolist() == whole[first].tolist()


@every_router
def test_first_come_first_served(router):
    market = Market(offers(np.ones((3, 1)), [2]), members([2]), NO_EXPLORATION, seed=0)
    assert market.cleared(router).match.tolist() == [0, 0, -1]
