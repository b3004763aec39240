from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, assume, find, given, settings
from hypothesis import strategies as st

from market import BadInput, Infeasible, solve
from market.audit import Finding, Report, audit_workflow_providers
from market.workflow import (
    Breakpoint,
    Edge,
    Node,
    Offer,
    StarOptions,
    StarOutcome,
    TruncatedLognormal,
    Uniform,
    Workflow,
    WorkflowAuction,
    star,
)
from market.workflow.mechanisms import MECHANISMS, Rule
from tests.market.audit.markets import under
from tests.market.workflow.mechanisms.builders import CHAIN, LOOP, X, Y, Z
from tests.strategies import Auction, auctions, examples, ironed_auctions

EXACT_RULES = [
    ("star", {}),
    ("star", {"workload": "published"}),
    ("homogeneous", {}),
    ("myopic", {}),
    ("myopic_as_printed", {}),
    ("pay_as_bid", {}),
    ("greedy", {}),
]


def audited(auction: Auction, rule: str | Rule, **options: str) -> Report:
    try:
        return audit_workflow_providers(under(auction, rule, **options))
    except Infeasible:
        assume(False)
        raise


def verdicts(report: Report) -> dict[str, str]:
    return {check.name: check.verdict for check in report.checks}


def assert_nobody_gains(report: Report) -> None:
    for finding in report.findings:
        assert finding.regret <= 1e-9 * finding.scale
        assert finding.method == "exact"
    assert not report.violated, report.checks


@given(auction=auctions())
@examples(600)
def test_under_star_nobody_gains(auction: Auction):
    assert_nobody_gains(audited(auction, "star"))


@given(auction=ironed_auctions())
@examples(500)
def test_under_star_nobody_gains_whatever_is_ironed(auction: Auction):
    assert_nobody_gains(audited(auction, "star"))


@pytest.mark.parametrize("graph", ["cycle", "loop", "cycle_and_loop"])
def test_under_star_nobody_gains_in_graphs_with_cycles(graph: str):
    @given(auction=auctions(graph=graph))
    @examples(60)
    def holds(auction: Auction):
        assert_nobody_gains(audited(auction, "star", solver="highs"))

    holds()


@pytest.mark.parametrize("rule", ["homogeneous", "myopic"])
def test_under_the_truthful_baselines_nobody_gains(rule: str):
    @given(auction=st.one_of(auctions(), ironed_auctions()))
    @examples(300)
    def holds(auction: Auction):
        assert_nobody_gains(audited(auction, rule))

    holds()


@pytest.mark.parametrize(("rule", "options"), EXACT_RULES)
def test_no_bid_of_a_dense_grid_is_better_than_the_best_that_is_found(
    rule: str, options: dict[str, str]
):
    @given(auction=st.one_of(auctions(most_nodes=4), ironed_auctions()))
    @examples(40)
    def holds(auction: Auction):
        market = under(auction, rule, **options)
        for finding, offer in zip(
            audited(auction, rule, **options).findings, market.offers, strict=True
        ):
            grid = np.linspace(offer.prior.low, offer.prior.high, 60).tolist()
            best = max(utility(market, offer, bid) for bid in grid)
            assert best <= finding.best_utility + 1e-9 * finding.scale

    holds()


def utility(market: WorkflowAuction, offer: Offer, bid: float) -> float:
    """What an auction of its own says, the cost being the one that is offered."""
    outcome = market.with_bid(offer.provider, bid).buy()
    work = outcome.quantities
    if market.rule.name == "myopic":
        work = outcome.cold_quantities
    cost = offer.bid * work.get(offer.provider, 0.0) / 1e6
    return outcome.payments_usd.get(offer.provider, 0.0) - cost


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        ("star", {"workload": "published"}),
        ("greedy", {}),
        ("pay_as_bid", {}),
        ("myopic_as_printed", {}),
    ],
)
def test_a_rule_that_is_no_good_is_caught_and_the_lie_is_real(rule: str, options: dict[str, str]):
    generate = settings(examples(2000), phases=[Phase.generate])
    auction = find(
        auctions(), lambda drawn: caught(drawn, rule, options) is not None, settings=generate
    )
    worst = caught(auction, rule, options)
    assert worst is not None
    problem = worst.counterexample()
    bid = next(p["bid"] for p in problem["providers"] if p["id"] == worst.participant)
    cost = next(o.bid for o in auction.offers if o.provider == worst.participant)
    assert bid != cost
    answer = solve(problem)
    work = answer["quantities"].get(worst.participant, 0.0)
    gained = answer["payments"].get(worst.participant, 0.0) - cost * work / 1e6
    assert gained == pytest.approx(worst.witness_utility)
    assert gained > worst.truthful_utility


def caught(auction: Auction, rule: str, options: dict[str, str]) -> Finding | None:
    return audit_workflow_providers(under(auction, rule, **options)).worst


def test_a_supremum_is_told_from_a_maximum():
    # y edits 1.5e6 tokens at a cost of 2 until z, later in order, has less: at 2.5 y still wins.
    first = report_of([X, Y, Z], "pay_as_bid", "y")
    assert first.attained
    assert first.best_utility == first.witness_utility == pytest.approx(0.5 * 1.5)
    # Behind z in order it loses the tie.
    behind = report_of([X, Z, Y], "pay_as_bid", "y")
    assert not behind.attained
    assert behind.best_utility == pytest.approx(0.5 * 1.5, rel=1e-12)
    assert behind.best_utility - 1e-7 < behind.witness_utility < behind.best_utility


def report_of(offers: Sequence[Offer], rule: str, provider: str) -> Finding:
    report = audit_workflow_providers(
        WorkflowAuction(CHAIN, tuple(offers), MECHANISMS[rule]), providers=[provider]
    )
    (finding,) = report.findings
    return finding


def test_a_myopic_provider_that_keeps_its_cache_can_gain():
    auction = WorkflowAuction(LOOP_OR_CHAIN, (SLOW, FAST), MECHANISMS["myopic"])
    assert not audit_workflow_providers(auction).violated
    warm = audit_workflow_providers(auction, cost_basis="run")
    assert warm.worst is not None
    assert warm.worst.participant == "slow"
    assert "what it runs" in warm.notes[0]
    assert "cold work" in audit_workflow_providers(auction).notes[0]


#: The second node reads much: warm, its provider keeps what the cold reading was paid for.
LOOP_OR_CHAIN = Workflow(
    (Node("a", 1e6, difficulty=1), Node("b", 1e6, difficulty=1)), (Edge("a", "b", 8e6),)
)
SLOW = Offer("slow", 1, 1.0, 1.2, Uniform(0.5, 2.0))
FAST = Offer("fast", 1, 1.0, 1.0, Uniform(0.5, 2.0))


def test_without_a_reserve_whoever_keeps_its_work_is_paid_too_little():
    report = audit_workflow_providers(
        WorkflowAuction(CHAIN, (X, Y), options=StarOptions(reserve="none"))
    )
    assert report.worst is None
    assert verdicts(report)["individually rational"] == "violated"
    assert verdicts(report)["payment identity"] == "holds"
    (identity,) = (check for check in report.checks if check.name == "payment identity")
    assert "up to a constant" in identity.detail


def test_payments_by_bisection_are_searched_and_not_exact():
    options = StarOptions(payment_method="bisection")
    report = audit_workflow_providers(WorkflowAuction(CHAIN, (X, Y, Z), options=options))
    assert {finding.method for finding in report.findings} == {"search"}


def test_without_critical_bids_a_search_finds_the_drops():
    blind = replace(MECHANISMS["pay_as_bid"], critical_bids=None)
    finding = audit_workflow_providers(WorkflowAuction(CHAIN, (X, Z, Y), blind)).findings[2]
    assert finding.method == "search"
    assert finding.best_utility == pytest.approx(0.5 * 1.5, rel=1e-6)


def broken(change) -> Rule:
    """STAR with the payment of every winner changed by ``change(outcome, provider)``."""

    def buy(workflow, offers, options=None) -> StarOutcome:
        outcome = star(workflow, offers, options)
        paid = {name: p + change(outcome, name) for name, p in outcome.payments_usd.items()}
        return replace(outcome, payments_usd=paid)

    return replace(MECHANISMS["star"], buy=buy)


def one_percent_at_the_first_breakpoint(outcome: StarOutcome, provider: str) -> float:
    points = outcome.breakpoints[provider]
    return 0.01 * points[0].bid * points[0].quantity_lost / 1e6 if points else 0.0


@given(auction=auctions())
@examples(150)
def test_a_payment_one_percent_off_at_one_breakpoint_is_caught(auction: Auction):
    lost = [
        point.bid * point.quantity_lost
        for position, offer in enumerate(auction.offers)
        for point in bids_that_lose(auction, position, offer)[:1]
        if point.bid < offer.prior.high
    ]
    assume(max(lost, default=0.0) > 1e-3)
    assert audited(auction, broken(one_percent_at_the_first_breakpoint)).violated


def bids_that_lose(auction: Auction, position: int, offer: Offer) -> Sequence[Breakpoint]:
    offers = auction.with_bid(position, offer.prior.low).offers
    return star(auction.workflow, offers, auction.options()).breakpoints.get(offer.provider, ())


def test_money_for_nothing_is_caught():
    report = audit_workflow_providers(WorkflowAuction(CHAIN, (X, Y, Z), broken(lambda *_: 1e-3)))
    assert verdicts(report)["payment identity"] == "violated"


def test_an_allocation_that_is_not_the_best_is_caught():
    # x is cheaper for the draft, but then y has to read 8e6 tokens for the edit.
    workflow = Workflow(CHAIN.nodes, (Edge("draft", "edit", 8e6),))
    claims = replace(MECHANISMS["greedy"], minimises=lambda offer: offer.virtual_cost)
    for rule, verdict in ((MECHANISMS["star"], "holds"), (claims, "violated")):
        report = audit_workflow_providers(WorkflowAuction(workflow, (X, Y), rule))
        assert verdicts(report)["optimal"] == verdict
    assert (
        verdicts(audit_workflow_providers(WorkflowAuction(workflow, (X, Y), MECHANISMS["greedy"])))[
            "optimal"
        ]
        == "not checked"
    )


def test_who_costs_more_than_its_prior_says_is_out_with_the_truth():
    auction = WorkflowAuction(CHAIN, (X, Y, Z))
    report = audit_workflow_providers(auction, true_costs={"y": 9.0}, providers=["y"])
    (finding,) = report.findings
    assert finding.truthful_utility == 0.0
    assert not finding.gains


def test_an_unknown_provider_is_refused():
    with pytest.raises(BadInput, match="expected some of those that offer, got 'w'"):
        audit_workflow_providers(WorkflowAuction(CHAIN, (X, Y)), providers=["w"])


def test_an_unknown_cost_basis_is_refused():
    with pytest.raises(BadInput, match="expected one of run, cold; got 'warm'"):
        audit_workflow_providers(WorkflowAuction(CHAIN, (X, Y)), cost_basis="warm")


def test_a_tie_at_a_bid_of_zero_is_no_reason_to_search():
    offers = (
        Offer("a", 2, 0.5, 0.5, Uniform(0.0, 1.0)),
        Offer("b", 2, 0.5, 0.0, Uniform(0.0, 1.0)),
    )
    report = audit_workflow_providers(WorkflowAuction(LOOP, offers))
    assert {finding.method for finding in report.findings} == {"exact"}
    assert not report.violated


def test_whose_amounts_drown_beside_the_markets_is_said():
    workflow = Workflow(
        (
            Node("alone", 1e12, capable=frozenset(["mono"])),
            Node("other", 1.0, capable=frozenset(["p"])),
        )
    )
    tail = TruncatedLognormal(0.5, 0.05, 0.3, 2.8)
    offers = Offer("mono", 1, 0.25, 2.7, tail), Offer("p", 1, 0.5, 1.0, Uniform(0.5, 2.0))
    notes = audit_workflow_providers(WorkflowAuction(workflow, offers)).notes
    assert "the amounts of p are too small beside those of the market to be judged" in notes[1]
