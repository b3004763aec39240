from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market import BadInput, solve
from market.audit import CLIENT, PROVIDER, audit_matching, matching_clients
from market.audit import matching as audited_matching
from market.matching import MatchingMarket
from tests.market.audit.markets import in_usd
from tests.strategies import MatchingMarket as Drawn
from tests.strategies import examples, matching_markets

#: Two slots; ``both`` has two requests worth 10 each, a rival has one worth 8.
CONTESTED = MatchingMarket(
    values=np.array([[10.0], [10.0], [8.0]]),
    costs=np.ones((3, 1)),
    allowed=np.ones((3, 1), dtype=bool),
    capacities=np.array([2]),
)
OWNERS = ("both", "both", "rival")


@given(market=matching_markets())
@examples(300)
def test_no_client_gains_that_has_one_request_or_pays_for_all_of_them_together(market: Drawn):
    for clients in (None, market.clients):
        report = audit_matching(in_usd(market, clients), sides=[CLIENT])
        assert not report.violated, report
        assert all(finding.method == "exact" for finding in report.findings)


@given(market=matching_markets(most_clients=3))
@examples(300)
def test_two_sided_nobody_on_either_side_gains(market: Drawn):
    report = audit_matching(replace(in_usd(market, market.clients), payments="two_sided"))
    assert report.mechanism == "two_sided"
    assert not report.violated, report
    sides = {finding.side for finding in report.findings if finding.method == "exact"}
    assert sides == {PROVIDER} | ({CLIENT} if market.clients else set())


def test_what_stops_a_provider_from_asking_more_is_paid_by_nobody():
    report = audit_matching(replace(CONTESTED, payments="two_sided"), sides=[PROVIDER])
    (finding,) = report.findings
    # Both at 10: paid 1 + 9 each, of which the clients pay 1 + 7.
    assert finding.truthful_utility == finding.best_utility == pytest.approx(18.0)
    assert "together they receive 4 more than the clients pay" in report.notes[-1]


def test_a_market_for_the_sparse_backend_is_audited_with_fractions_too():
    sparse = replace(CONTESTED, backend="sparse")
    found, expected = (audit_matching(market).as_dict() for market in (sparse, CONTESTED))
    assert found == expected


def test_pay_that_is_not_what_a_provider_adds_is_caught(monkeypatch: pytest.MonkeyPatch):
    market = replace(CONTESTED, payments="two_sided")
    best = market.clear()
    more = replace(best, provider_receives=best.provider_receives * 1.01)
    monkeypatch.setattr(MatchingMarket, "clear", lambda market: more)
    verdicts = {check.name: check for check in audit_matching(market, sides=[PROVIDER]).checks}
    identity = verdicts["payment identity (providers)"]
    assert identity.verdict == "violated"
    assert identity.detail == "provider 0 receives 20.2 instead of 20"


def test_charged_request_by_request_a_client_gains_by_giving_one_up():
    report = audit_matching(CONTESTED, owners=OWNERS, sides=[CLIENT])
    assert report.worst is not None
    assert report.worst.participant == "both"
    # Two at 1 + 7 leave 4; one alone at its cost of 1 leaves 9.
    assert report.worst.truthful_utility == pytest.approx(4.0)
    assert report.worst.witness_utility == report.worst.best_utility == pytest.approx(9.0)
    answer = solve(report.worst.counterexample())
    won = [j for j in (0, 1) if answer["match"][j] is not None]
    assert sum(10.0 - answer["payments"][j] for j in won) == pytest.approx(9.0)
    together = replace(CONTESTED, clients=OWNERS)
    assert audit_matching(together, sides=[CLIENT]).worst is None


@given(market=matching_markets(most_clients=2), data=st.data())
@examples(150)
def test_no_report_that_is_tried_is_better_than_the_best_that_is_found(market: Drawn, data):
    if not market.clients:
        return
    alone = in_usd(market, None)
    owner = data.draw(st.sampled_from(market.clients))
    rows = market.rows_of[owner]
    report = audit_matching(alone, owners=market.clients, sides=[CLIENT], participants=[owner])
    (finding,) = report.findings
    size = len(rows) * market.values.shape[1]
    unit = max(1, int(np.gcd.reduce(market.values, axis=None)))
    for _ in range(4):
        numbers = data.draw(st.lists(st.integers(-3, 12), min_size=size, max_size=size))
        outcome = alone.with_values(rows, unit * np.array(numbers).reshape(len(rows), -1)).clear()
        got = [row for row in rows if outcome.match[row] >= 0]
        worth = market.values[got, outcome.match[got]].sum() - outcome.payments[got].sum()
        assert worth <= finding.best_utility + 1e-9 * finding.scale


def test_a_large_menu_is_searched(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(matching_clients, "MOST_ENTRIES", 2)
    report = audit_matching(CONTESTED, owners=OWNERS, sides=[CLIENT])
    assert [finding.method for finding in report.findings] == ["search", "exact"]
    assert report.worst is not None
    assert report.worst.witness_utility == pytest.approx(9.0)


def test_a_client_whose_report_is_a_lie_is_measured_by_its_truth():
    lied = CONTESTED.with_values([2], np.array([[12.0]]))
    truth = CONTESTED.values
    (finding,) = audit_matching(lied, true_values=truth, participants=["request 2"]).findings
    assert finding.truthful_utility == 0.0
    assert not finding.gains


def test_a_provider_that_is_paid_its_bid_asks_for_more():
    report = audit_matching(CONTESTED, sides=[PROVIDER])
    (finding,) = report.findings
    # Both at 10, or one of 8 left out: a price up to 10 for each of two.
    assert finding.best_utility == pytest.approx(2 * 9.0)
    assert not finding.attained
    assert finding.witness_utility == pytest.approx(2 * 9.0, rel=1e-8)
    problem = finding.counterexample()
    answer = solve(problem)
    asked = [problem["costs"][j][0] for j, i in enumerate(answer["match"]) if i == 0]
    assert sum(asked) - len(asked) == pytest.approx(finding.witness_utility)


@given(market=matching_markets())
@examples(150)
def test_no_factor_of_a_dense_grid_is_better_than_the_best_that_is_found(market: Drawn):
    alone = in_usd(market, None)
    report = audit_matching(alone, sides=[PROVIDER])
    for provider, finding in enumerate(report.findings):
        assert finding.method == "exact"
        own = alone.costs[:, provider]
        for factor in np.linspace(0.0, 10.0, 21):
            served = alone.with_cost_factor(provider, factor).clear().match == provider
            gained = (factor - 1) * own[served].sum()
            assert gained <= finding.best_utility + 1e-9 * finding.scale
    assert {check.verdict for check in report.checks} == {"holds"}


def test_a_provider_whose_bid_is_a_lie_is_measured_by_its_cost():
    report = audit_matching(CONTESTED, true_factors=np.array([0.5]), sides=[PROVIDER])
    (finding,) = report.findings
    assert finding.truthful_utility == 0.0
    assert finding.best_utility == pytest.approx(2 * 9.5)


def test_a_matching_that_is_not_the_best_is_caught(monkeypatch: pytest.MonkeyPatch):
    best = CONTESTED.clear()
    worse = replace(best, welfare=best.welfare - 1)
    monkeypatch.setattr(MatchingMarket, "clear", lambda market: worse)
    report = audit_matching(CONTESTED, sides=[])
    assert [(check.name, check.verdict) for check in report.checks] == [("optimal", "violated")]


def test_a_payment_that_is_not_the_externality_is_caught(monkeypatch: pytest.MonkeyPatch):
    best = CONTESTED.clear()
    dearer = replace(best, payments=best.payments * 1.01)
    monkeypatch.setattr(MatchingMarket, "clear", lambda market: dearer)
    verdicts = {check.name: check for check in audit_matching(CONTESTED, sides=[CLIENT]).checks}
    assert verdicts["payment identity (clients)"].verdict == "violated"
    assert (
        "request 0 pays 8.08 instead of 8, and 1 more"
        in verdicts["payment identity (clients)"].detail
    )


def test_a_matching_of_too_many_pairs_is_not_solved_twice(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(audited_matching, "MOST_PAIRS", 2)
    report = audit_matching(CONTESTED, sides=[])
    assert [check.verdict for check in report.checks] == ["not checked"]


def test_every_request_needs_an_owner():
    with pytest.raises(BadInput, match="owners: expected one for each of 3 requests, got 2"):
        audit_matching(CONTESTED, owners=["a", "b"])


@pytest.mark.parametrize("dear", [1e6, 1e8, 1e12])
def test_a_pair_that_nobody_would_match_does_not_blur_what_is_optimal(dear: float):
    market = MatchingMarket(
        values=np.array([[3.0, 3.0], [2.0, 5.0]]),
        costs=np.array([[1.0, dear], [1.0, 1.0]]),
        allowed=np.ones((2, 2), dtype=bool),
        capacities=np.array([1, 1]),
    )
    (optimal,) = (one for one in audit_matching(market).checks if one.name == "optimal")
    assert optimal.verdict == "holds"


@pytest.mark.parametrize("cost", [5e-324, 1e-310, 1e-12])
def test_a_provider_that_may_ask_nearly_anything_is_searched(cost: float):
    market = MatchingMarket(
        values=np.array([[3.0]]),
        costs=np.array([[cost]]),
        allowed=np.ones((1, 1), dtype=bool),
        capacities=np.array([1]),
    )
    (finding,) = audit_matching(market, sides=[PROVIDER]).findings
    assert finding.method == "search"


def test_whoever_is_not_there_cannot_be_audited():
    market = MatchingMarket(
        np.ones((1, 1)), np.zeros((1, 1)), np.ones((1, 1), dtype=bool), np.array([1])
    )
    with pytest.raises(BadInput, match="participants: expected some of this market, got 'ann'"):
        audit_matching(market, participants=["ann"])
