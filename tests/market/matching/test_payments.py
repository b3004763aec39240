import numpy as np
import pytest
from hypothesis import given

from market.errors import BadInput
from market.matching import BACKENDS, MatchingOutcome, clear
from market.matching.payments import shares
from tests.strategies import MatchingMarket, examples, matching_markets

both_backends = pytest.mark.parametrize("backend", BACKENDS)


def cleared(
    market: MatchingMarket, backend: str, payments: str = "two_sided", *, singly: bool = False
) -> MatchingOutcome:
    clients = None if singly else market.clients
    amounts = market.values, market.costs, market.allowed, market.capacities
    return clear(*amounts, clients, backend=backend, payments=payments)


@both_backends
@given(market=matching_markets(most_clients=3))
@examples(200)
def test_two_sided_a_provider_receives_its_costs_and_what_it_adds_to_welfare(
    backend: str, market: MatchingMarket
):
    every, outcome = market.brute_force(), cleared(market, backend)
    for provider in range(len(market.capacities)):
        rows = outcome.match == provider
        received = outcome.provider_receives[rows].sum()
        assert received == market.costs[rows, provider].sum() + every.contribution(provider)
        assert (outcome.provider_receives[rows] >= market.costs[rows, provider]).all()
        assert (outcome.provider_receives[rows] <= market.values[rows, provider]).all()
    assert (outcome.provider_receives[outcome.match < 0] == 0).all()


@both_backends
@given(market=matching_markets(most_clients=3))
@examples(200)
def test_the_deficit_is_what_providers_add_less_what_clients_take(
    backend: str, market: MatchingMarket
):
    every = market.brute_force()
    added = sum(every.contribution(provider) for provider in range(len(market.capacities)))
    alone = cleared(market, backend, singly=True)
    used = np.bincount(alone.match[alone.match >= 0], minlength=len(market.capacities))
    assert alone.deficit == added - int((used * alone.scarcity_prices).sum()) >= 0
    together = cleared(market, backend)
    taken = 0
    for rows in market.rows_of.values():
        served = [row for row in rows if together.match[row] >= 0]
        cost = market.costs[served, together.match[served]].sum()
        taken += every.clarke_payment(together.match, rows) - cost
    assert together.deficit == added - taken >= alone.deficit


@both_backends
@given(market=matching_markets(most_clients=3))
@examples(100)
def test_clients_pay_the_same_under_both_rules_and_one_pays_providers_what_they_ask(
    backend: str, market: MatchingMarket
):
    asked, two = (cleared(market, backend, rule) for rule in ("client_clarke", "two_sided"))
    assert asked.payments.tolist() == two.payments.tolist()
    served = np.flatnonzero(asked.match >= 0)
    cost = market.costs[served, asked.match[served]]
    assert asked.provider_receives[served].tolist() == cost.tolist()
    assert asked.deficit <= 0


def test_an_amount_is_split_in_proportion_and_to_the_last_unit():
    assert shares(10, np.array([1, 1, 1])).tolist() == [3, 3, 4]
    assert shares(7, np.array([0, 2, 5])).tolist() == [0, 2, 5]
    huge = np.full(3000, 2**53)
    assert sum(shares(3000 * 2**53 - 1, huge).tolist()) == 3000 * 2**53 - 1
    assert shares(1.0, np.array([1.0, 3.0])).tolist() == [0.25, 0.75]


def test_an_unknown_rule_is_refused():
    one = np.ones((1, 1), dtype=np.int64)
    with pytest.raises(BadInput, match="payments: expected one of client_clarke, two_sided; got"):
        clear(one, 0 * one, one > 0, np.array([1]), payments="first_price")
