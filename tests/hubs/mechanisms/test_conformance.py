"""What every mechanism owes its hub, whatever it is, exploring or not."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from hubs.mechanisms import MECHANISMS, ROUTERS, TRUTHFUL, Clearing, Offers, mechanism_of
from hubs.params import HubParams
from tests.hubs.mechanisms.markets import EXPLORATIONS, Market, markets, members, offers
from tests.strategies import examples

every_mechanism = pytest.mark.parametrize("mechanism", MECHANISMS)


def in_lists(clearing: Clearing) -> dict[str, list]:
    return {one.name: getattr(clearing, one.name).tolist() for one in fields(Clearing)}


@every_mechanism
@given(market=markets())
@examples(80)
def test_nobody_serves_more_than_its_free_slots(mechanism, market: Market):
    clearing = market.cleared(mechanism)
    providers = len(market.offers.capacities)
    assert ((clearing.match >= -1) & (clearing.match < providers)).all()
    used = np.bincount(clearing.match[clearing.match >= 0], minlength=providers)
    assert (used <= market.offers.capacities).all()


@every_mechanism
@given(market=markets())
@examples(40)
def test_everyone_has_an_entry_and_amounts_are_whole(mechanism, market: Market):
    clearing = market.cleared(mechanism)
    requests, providers = market.offers.costs.shape
    for of_requests in (clearing.match, clearing.client_pays, clearing.provider_receives):
        assert of_requests.shape == (requests,)
        assert np.issubdtype(of_requests.dtype, np.integer)
    for of_providers in (clearing.scarcity_prices, clearing.largest_prices):
        assert of_providers.shape == (providers,)
        assert np.issubdtype(of_providers.dtype, np.integer)
    assert clearing.explored.shape == (requests,)
    assert clearing.explored.dtype == bool


@every_mechanism
@given(market=markets())
@examples(80)
def test_who_is_not_matched_pays_nothing_and_costs_nothing(mechanism, market: Market):
    clearing = market.cleared(mechanism)
    unmatched = clearing.match < 0
    assert (clearing.client_pays[unmatched] == 0).all()
    assert (clearing.provider_receives[unmatched] == 0).all()


@every_mechanism
@given(market=markets())
@examples(80)
def test_clients_and_providers_are_paid_for_at_the_bid_or_above(mechanism, market: Market):
    clearing = market.cleared(mechanism)
    rows = np.flatnonzero((clearing.match >= 0) & ~clearing.explored)
    cost = market.offers.costs[rows, clearing.match[rows]]
    assert (clearing.client_pays[rows] >= cost).all()
    assert (clearing.provider_receives[rows] >= cost).all()
    assert (clearing.scarcity_prices >= 0).all()


@every_mechanism
@given(market=markets())
@examples(40)
def test_the_same_generator_gives_the_same_clearing(mechanism, market: Market):
    assert in_lists(market.cleared(mechanism)) == in_lists(market.cleared(mechanism))


@every_mechanism
@given(market=markets())
@examples(40)
def test_what_was_offered_is_left_as_it_was(mechanism, market: Market):
    def offered() -> dict[str, list]:
        listed = {one.name: getattr(market.offers, one.name) for one in fields(Offers)}
        return {name: np.array(entries).tolist() for name, entries in listed.items()}

    before = offered()
    market.cleared(mechanism)
    assert offered() == before


@every_mechanism
@pytest.mark.parametrize("exploration", EXPLORATIONS)
def test_a_full_hub_serves_nobody(mechanism, exploration):
    market = Market(offers(np.ones((2, 2)), [0, 0]), members([2, 2]), exploration, seed=0)
    assert market.cleared(mechanism).match.tolist() == [-1, -1]


@every_mechanism
@pytest.mark.parametrize("exploration", EXPLORATIONS)
def test_a_hub_without_providers_serves_nobody(mechanism, exploration):
    market = Market(offers(np.ones((2, 0)), []), [], exploration, seed=0)
    assert market.cleared(mechanism).match.tolist() == [-1, -1]


@every_mechanism
def test_a_scenario_can_name_it(mechanism):
    assert HubParams(mechanism=mechanism).mechanism == mechanism


@every_mechanism
@given(market=markets(EXPLORATIONS[:1]))
@examples(20)
def test_told_to_explore_nothing_it_draws_as_it_would_alone(mechanism, market: Market):
    alone = MECHANISMS[mechanism](market.members)
    rng = np.random.default_rng(market.seed)
    assert in_lists(market.cleared(mechanism)) == in_lists(alone.clear(market.offers, rng))
    assert type(mechanism_of(mechanism, (), market.exploration)) is type(alone)


def test_it_is_said_of_each_mechanism_who_is_truthful():
    assert list(TRUTHFUL) == list(MECHANISMS)


def test_no_router_has_the_name_of_an_auction():
    auctions = [name for name in MECHANISMS if name.startswith("auction")]
    assert list(MECHANISMS) == [*auctions, *ROUTERS]


def test_the_page_on_mechanisms_has_a_row_for_each_that_says_who_is_truthful():
    page = (Path(__file__).parents[3] / "docs" / "mechanisms.md").read_text()
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line[:3] == "| `"][1:]
    said = {row[0].strip("`"): (row[-2], row[-1]) for row in rows}
    answer = {True: "yes", False: "no"}
    assert said == {
        name: (answer[who.clients], answer[who.providers]) for name, who in TRUTHFUL.items()
    }
