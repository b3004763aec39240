from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import BadInput
from market.matching import BACKENDS, UNMATCHED, MatchingOutcome, clear, max_weight_matching
from market.matching.assignment import matched_weight
from tests.strategies import MatchingMarket, examples, matching_markets

both_backends = pytest.mark.parametrize("backend", BACKENDS)


def cleared(
    market: MatchingMarket, *, singly: bool = False, backend: str = "auto"
) -> MatchingOutcome:
    """The outcome; ``singly`` takes every request for a client of its own."""
    clients = None if singly else market.clients
    amounts = market.values, market.costs, market.allowed, market.capacities
    return clear(*amounts, clients, backend=backend)


def utility(market: MatchingMarket, outcome: MatchingOutcome, rows: list[int]) -> float:
    """What the owner of ``rows`` has of an outcome by the values of ``market``."""
    served = [row for row in rows if outcome.match[row] != UNMATCHED]
    worth = market.values[served, outcome.match[served]].sum()
    return (worth - outcome.payments[rows].sum()).item()


@both_backends
@given(market=matching_markets())
@examples(400)
def test_the_matching_is_feasible_and_worth_as_much_as_any(backend: str, market: MatchingMarket):
    outcome = cleared(market, backend=backend)
    served = np.flatnonzero(outcome.match != UNMATCHED)
    assert market.allowed[served, outcome.match[served]].all()
    used = np.bincount(outcome.match[served], minlength=len(market.capacities))
    assert (used <= market.capacities).all()
    surplus = (market.values - market.costs)[served, outcome.match[served]]
    assert outcome.welfare == surplus.sum() == market.brute_force().welfare()


@both_backends
@given(market=matching_markets())
@examples(300)
def test_a_request_of_its_own_pays_its_cost_and_what_it_takes_from_the_others(
    backend: str, market: MatchingMarket
):
    every = market.brute_force()
    outcome = cleared(market, singly=True, backend=backend)
    rows = range(len(market.values))
    expected = [every.clarke_payment(outcome.match, [row]) for row in rows]
    assert outcome.payments.tolist() == expected


@both_backends
@given(market=matching_markets(most_clients=3))
@examples(300)
def test_a_client_with_several_requests_pays_for_them_as_a_set(
    backend: str, market: MatchingMarket
):
    every = market.brute_force()
    outcome = cleared(market, backend=backend)
    for rows in market.rows_of.values():
        expected = every.clarke_payment(outcome.match, rows)
        assert outcome.payments[rows].sum() == expected


@given(market=matching_markets(most_clients=3))
@examples(300)
def test_each_share_of_a_set_is_at_least_its_cost_and_at_most_its_price(market: MatchingMarket):
    outcome = cleared(market)
    served = np.flatnonzero(outcome.match != UNMATCHED)
    cost = market.costs[served, outcome.match[served]]
    assert (outcome.payments[served] >= cost).all()
    price = cost + outcome.scarcity_prices[outcome.match[served]]
    assert (outcome.payments[served] <= price).all()
    assert (outcome.payments[outcome.match == UNMATCHED] == 0).all()


@given(market=matching_markets(most_clients=3))
@examples(300)
def test_no_client_that_tells_the_truth_loses(market: MatchingMarket):
    outcome = cleared(market)
    for row in range(len(market.values)):
        assert utility(market, outcome, [row]) >= 0


@given(market=matching_markets(), data=st.data())
@examples(400)
def test_a_client_with_one_request_never_gains_by_misreporting(market: MatchingMarket, data):
    if not len(market.values):
        return
    row = data.draw(st.integers(0, len(market.values) - 1), "row")
    lied = market.with_values([row], data.draw(reports_like(market, 1), "reported"))
    honest = utility(market, cleared(market, singly=True), [row])
    assert utility(market, cleared(lied, singly=True), [row]) <= honest


@given(market=matching_markets(most_clients=2), data=st.data())
@examples(400)
def test_a_client_with_several_requests_never_gains_by_misreporting_any_of_them(
    market: MatchingMarket, data
):
    if not market.clients:
        return
    rows = market.rows_of[data.draw(st.sampled_from(market.clients), "client")]
    lied = market.with_values(rows, data.draw(reports_like(market, len(rows)), "reported"))
    honest = utility(market, cleared(market), rows)
    assert utility(market, cleared(lied), rows) <= honest


def reports_like(market: MatchingMarket, requests: int) -> st.SearchStrategy[np.ndarray]:
    """Other values for some requests, of the same order as those of the market."""
    unit = max(1, int(np.gcd.reduce(market.values, axis=None)))
    size = requests * market.values.shape[1]
    numbers = st.lists(st.integers(-3, 12), min_size=size, max_size=size)
    return numbers.map(lambda drawn: unit * np.array(drawn).reshape(requests, -1))


def test_charged_request_by_request_a_client_would_gain_by_hiding_one_of_its_own():
    # Two slots; the client has two requests worth 10 each, a rival has one worth 8.
    truth = MatchingMarket(
        values=np.array([[10], [10], [8]]),
        costs=np.zeros((3, 1), dtype=np.int64),
        allowed=np.ones((3, 1), dtype=bool),
        capacities=np.array([2]),
        clients=("both", "both", "rival"),
    )
    hiding = truth.with_values([1], np.array([[0]]))

    def gain_by_request(market: MatchingMarket) -> int:
        every, match = market.brute_force(), cleared(market).match
        paid = sum(every.clarke_payment(match, [row]) for row in (0, 1))
        return sum(int(truth.values[row, 0]) for row in (0, 1) if match[row] == 0) - paid

    # Each honest request displaces the rival and pays 8; alone, the first pays nothing.
    assert gain_by_request(truth) == 20 - 16
    assert gain_by_request(hiding) == 10
    # As a set both displace the rival once.
    assert utility(truth, cleared(truth), [0, 1]) == 20 - 8
    assert utility(truth, cleared(hiding), [0, 1]) == 10


@given(market=matching_markets(), data=st.data())
@examples(150)
def test_the_order_of_requests_moves_neither_welfare_nor_prices(market: MatchingMarket, data):
    order = data.draw(st.permutations(range(len(market.values))))
    index = np.array(order, dtype=int)
    mixed = replace(
        market,
        values=market.values[index],
        costs=market.costs[index],
        allowed=market.allowed[index],
        clients=tuple(market.clients[row] for row in order),
    )
    one, other = cleared(market), cleared(mixed)
    assert one.welfare == other.welfare
    assert one.scarcity_prices.tolist() == other.scarcity_prices.tolist()


@given(market=matching_markets(most_clients=3))
@examples(150)
def test_amounts_in_usd_clear_like_whole_numbers(market: MatchingMarket):
    unit = max(1, int(np.gcd.reduce(market.values, axis=None)))
    scale = 0.1 / unit
    in_usd = replace(market, values=market.values * scale, costs=market.costs * scale)
    whole, parts = cleared(market), cleared(in_usd)
    assert parts.welfare == pytest.approx(whole.welfare * scale, abs=1e-12)
    assert parts.scarcity_prices == pytest.approx(whole.scarcity_prices * scale, abs=1e-12)
    for rows in market.rows_of.values():
        # the same in every best matching, so ties that rounding breaks do not matter
        expected = utility(market, whole, rows) * scale
        assert utility(in_usd, parts, rows) == pytest.approx(expected, abs=1e-12)


def test_all_prices_of_a_larger_market_equal_those_by_solving_it_again():
    rng = np.random.default_rng(5)
    requests, providers = 60, 12
    values = rng.integers(0, 10**9, (requests, providers))
    costs = rng.integers(0, 10**8, (requests, providers))
    allowed = rng.random((requests, providers)) < 0.8
    capacities = rng.integers(0, 7, providers)
    outcome = clear(values, costs, allowed, capacities)
    weights = np.where(allowed, values - costs, -1)

    def welfare(rows: np.ndarray, slots: np.ndarray) -> int:
        return matched_weight(weights[rows], max_weight_matching(weights[rows], slots))

    everyone = np.arange(requests)
    for provider in range(providers):
        more = capacities + (np.arange(providers) == provider)
        expected = welfare(everyone, more) - outcome.welfare
        assert outcome.scarcity_prices[provider] == expected
    for row in np.flatnonzero(outcome.match != UNMATCHED):
        others_now = outcome.welfare - weights[row, outcome.match[row]]
        externality = welfare(np.delete(everyone, row), capacities) - others_now
        assert outcome.payments[row] == costs[row, outcome.match[row]] + externality


def test_a_price_is_passed_on_along_a_chain_of_moves():
    # A third slot would be taken by the first request, whose slot the last would take over.
    values = np.array([[8, 7, -1], [-1, 6, 5], [-1, -1, 4], [3, -1, -1]])
    allowed = values >= 0
    outcome = clear(values, np.zeros((4, 3), dtype=int), allowed, np.array([1, 1, 1]))
    assert outcome.match.tolist() == [0, 1, 2, UNMATCHED]
    # Slot 0: the last comes, +3. Slot 1: the first moves there, -1, and the last comes, +3.
    # Slot 2: the second moves there, -1, the first takes its slot, -1, and the last comes, +3.
    assert outcome.scarcity_prices.tolist() == [3, 2, 1]
    assert outcome.payments.tolist() == [3, 2, 1, 0]


def test_a_market_without_requests_is_cleared():
    outcome = clear(
        np.zeros((0, 2), dtype=int), np.zeros((0, 2), dtype=int), np.ones((0, 2), bool),
        np.array([1, 1]),
    )  # fmt: skip
    assert outcome.welfare == 0
    assert outcome.scarcity_prices.tolist() == [0, 0]
    assert not len(outcome.match)


@pytest.mark.parametrize("clients", [["a"], ["a", "a", "b"]])
def test_clients_that_are_not_one_for_each_request_are_refused(clients: list[str]):
    two = np.array([[9], [8]])
    complaint = f"^clients: expected one for each of 2 requests, got {len(clients)}$"
    with pytest.raises(BadInput, match=complaint):
        clear(two, 0 * two, two > 0, np.array([1]), clients)
