"""What is said of a workflow auction is what the auction does: every sum and counterfactual."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from market import Infeasible, explain, solve
from market.explaining import explain_in_words
from market.workflow import StarOptions, WorkflowAuction, read_auction, written_auction
from market.workflow.explanation import WorkflowExplanation, explain_auction, in_words
from market.workflow.explanation.payment_parts import PARTS
from market.workflow.mechanisms import MECHANISMS, Purchase, Rule
from tests.market.workflow.random_problems import CACHED_KINDS, KINDS, SMALL, random_problem

INSTANCES = Path(__file__).resolve().parents[3] / "examples" / "instances"
WORKFLOWS = {
    path.parent.name: problem
    for path in sorted(INSTANCES.glob("*/problem.json"))
    if (problem := json.loads(path.read_text()))["kind"] == "workflow"
}

#: Options that change what is paid, or for what.
OPTIONS = (
    {},
    {"reserve": "none"},
    {"workload": "published"},
    {"payment_method": "bisection"},
    {"solver": "highs"},
)


def auctions(count: int, seed: int, amounts: str = "fractional") -> Iterator[WorkflowAuction]:
    rng = np.random.default_rng(seed)
    kinds = [kind for kind in (*KINDS, *CACHED_KINDS) if kind.amounts == amounts]
    for number in rng.choice(len(kinds), size=count, replace=False).tolist():
        drawn = random_problem(rng, kinds[number], SMALL)
        options = drawn.options("auto")
        yield WorkflowAuction(drawn.workflow, drawn.offers, MECHANISMS["star"], options)


def bought(auction: WorkflowAuction) -> WorkflowExplanation | None:
    """The explanation; None where nobody can do everything that one provider has to do."""
    try:
        return explain_auction(auction)
    except Infeasible:
        return None


def assert_adds_up(told: WorkflowExplanation, answer: dict) -> None:
    """The explanation against the answer of ``solve``, and its sums against each other."""
    near = {"rel": 1e-9, "abs": 1e-12}
    assert told.own_work_usd + told.context_usd == pytest.approx(told.cost_usd, **near)
    assert told.least_cost_usd <= told.cost_usd * (1 + 1e-9)
    if "virtual_cost" in answer:
        assert told.cost_usd == answer["virtual_cost"]
        assert told.least_cost_usd == pytest.approx(told.cost_usd, **near)
    assert {node.node: node.provider for node in told.nodes} == answer["allocation"]
    assert {one.provider: one.quantity_tokens for one in told.winners} == answer["quantities"]
    assert {one.provider: one.payment_usd for one in told.winners} == answer["payments"]
    assert sum(one.cost_share_usd for one in told.winners) == pytest.approx(told.cost_usd, **near)
    for winner in told.winners:
        made_of = sum(part.usd for part in winner.parts)
        assert made_of == pytest.approx(winner.payment_usd, **near)
        assert all(part.usd == part.price * part.tokens / 1e6 for part in winner.parts)
        assert winner.rent_usd == winner.payment_usd - winner.bid * winner.quantity_tokens / 1e6
        own = [node.tokens for node in told.nodes if node.provider == winner.provider]
        read = [edge.tokens for edge in told.context if edge.reader == winner.provider]
        assert sum(own) + sum(read) == pytest.approx(winner.quantity_tokens, **near)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_instance_is_explained_by_its_answer(name: str) -> None:
    problem = WORKFLOWS[name]
    told = explain_auction(read_auction(problem))
    assert_adds_up(told, solve(problem))
    as_dict = explain(problem)
    assert as_dict["cost_usd"] == told.cost_usd
    assert json.loads(json.dumps(as_dict))["winners"][0]["provider"] == told.winners[0].provider
    assert all(line == line.rstrip() for line in explain_in_words(problem))


@pytest.mark.parametrize("rule", MECHANISMS)
def test_under_every_mechanism_payments_add_up(rule: str) -> None:
    explained = 0
    for auction in auctions(12, seed=1):
        told = bought(replace(auction, rule=MECHANISMS[rule]))
        if told is not None:
            problem = written_auction(replace(auction, rule=MECHANISMS[rule]))
            assert_adds_up(told, solve(problem))
            explained += 1
    assert explained >= 6
    assert rule in PARTS


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_under_all_options_payments_add_up(options: dict[str, str]) -> None:
    for auction in auctions(8, seed=2):
        changed = replace(auction, options=replace(auction.options, **options))
        told = explain_auction(changed)
        assert_adds_up(told, solve(written_auction(changed)))
        assert told.truthful is not ({"workload", "payment_method"} & set(options) != set())


def test_ties_and_zeros_add_up_too() -> None:
    for amounts in ("ties", "zeros"):
        for auction in auctions(8, seed=3, amounts=amounts):
            assert_adds_up(explain_auction(auction), solve(written_auction(auction)))


def test_without_a_winner_the_least_cost_is_what_is_said() -> None:
    needed = replaceable = 0
    for auction in auctions(12, seed=4):
        told = explain_auction(auction)
        for winner in told.winners:
            others = tuple(o for o in auction.offers if o.provider != winner.provider)
            try:
                again = replace(auction, offers=others).buy().virtual_cost_usd
            except Infeasible:
                assert winner.least_without_usd is None is winner.advantage_usd
                needed += 1
                continue
            assert winner.least_without_usd == pytest.approx(again, rel=1e-9)
            assert winner.advantage_usd == pytest.approx(again - told.cost_usd, rel=1e-6, abs=1e-9)
            replaceable += 1
    assert needed
    assert replaceable


def test_behind_a_breakpoint_the_nodes_are_whose_they_are_said_to_be() -> None:
    moved = 0
    for auction in auctions(15, seed=5):
        for winner in explain_auction(auction).winners:
            top = next(o.prior.high for o in auction.offers if o.provider == winner.provider)
            lost = [part for part in winner.parts if part.kind == "lost"]
            nexts = [*(part.price for part in lost[1:]), top]
            for part, behind in zip(lost, nexts[: len(lost)], strict=True):
                before = auction.with_bid(winner.provider, part.price - 1e-7 * part.price).buy()
                after = auction.with_bid(winner.provider, (part.price + behind) / 2).buy()
                for node in part.nodes:
                    assert before.allocation[node] == winner.provider
                    assert after.allocation[node] in part.rivals
                    moved += 1
    assert moved > 10


def test_a_loser_wins_below_the_bid_that_is_said_and_not_above() -> None:
    whys = set()
    for auction in auctions(15, seed=6):
        for loser in explain_auction(auction).losers:
            whys.add(loser.why)
            if not loser.wins_below:
                assert loser.provider not in auction.with_bid(loser.provider, 0).buy().payments_usd
                continue
            for factor, wins in ((1 - 1e-7, True), (1 + 1e-7, False)):
                other = auction.with_bid(loser.provider, loser.wins_below * factor)
                assert (loser.provider in other.buy().payments_usd) is wins
    assert whys == {"dearer", "dominated", "not_capable"}


@pytest.mark.parametrize("rule", ["homogeneous", "myopic", "myopic_as_printed", "pay_as_bid"])
def test_likewise_under_rules_that_ask_for_bids(rule: str) -> None:
    checked = 0
    for auction in auctions(12, seed=7):
        auction = replace(auction, rule=MECHANISMS[rule])
        told = bought(auction)
        for loser in () if told is None else told.losers:
            if loser.wins_below:
                for factor, wins in ((1 - 1e-7, True), (1 + 1e-7, False)):
                    other = auction.with_bid(loser.provider, loser.wins_below * factor)
                    assert (loser.provider in other.buy().payments_usd) is wins
                    checked += 1
    assert checked > 4


def test_of_many_losers_some_are_listed_and_the_others_counted() -> None:
    (auction,) = auctions(1, seed=8)
    cheap, *_ = auction.offers
    dear = replace(cheap, bid=cheap.prior.high)
    crowd = tuple(replace(dear, provider=f"x{number}") for number in range(20))
    told = explain_auction(replace(auction, offers=(*auction.offers, *crowd)))
    assert len(told.losers) == 8
    assert len(told.losers) + told.losers_left_out + len(told.winners) == told.providers
    assert f"  and {told.losers_left_out} more, of whom nothing is said here." in in_words(told)


def test_a_rule_that_is_not_known_is_explained_without_parts() -> None:
    (auction,) = auctions(1, seed=9)

    def gift(workflow, offers, options: StarOptions | None = None) -> Purchase:
        outcome = MECHANISMS["star"].buy(workflow, offers, options)
        paid = dict.fromkeys(outcome.payments_usd, 1.0)
        return Purchase(outcome.allocation, outcome.quantities, paid)

    told = explain_auction(replace(auction, rule=Rule("gift", gift, truthful=False)))
    assert [winner.parts for winner in told.winners] == [()] * len(told.winners)
    assert any(line.startswith("  It is paid $1") for line in in_words(told))


def test_the_words_tell_the_figures_of_the_example() -> None:
    example = INSTANCES.parent / "workflow.json"
    said = "\n".join(explain_in_words(json.loads(example.read_text())))
    for line in (
        "A workflow is bought by star (truthful for providers), solved by elimination.",
        "4 nodes go to 3 of 6 providers, for the least cost that there is: $0.294195",
        "specify -> code, from small-a to medium-a: $0.09625 for 350,000 tokens, which count as"
        " 87,500",
        "Without small-a the least cost at the virtual costs would be $0.360715, $0.06652 more.",
        "$0.08315 = 0.2 x 415,750 tokens / 1e6, which it would lose at that bid: specify and test"
        " to small-b",
        "At its bid what it runs costs $0.04989; $0.03326 is its information rent",
        "small-b bid 0.2, a virtual cost of 0.37, which was too much: small-a can do all that it"
        " can and is nowhere dearer; it would win something below 0.12.",
    ):
        assert line in said


def two_sellers(mechanism: str, ratio: float, **options: str) -> dict:
    """Node a has only input; "free" bids nothing or, at a ``ratio`` of 0, reads for nothing."""
    prior = {"kind": "uniform", "low": 0.0, "high": 4.0}
    free = {"id": "free", "tier": 1, "input_ratio": ratio, "bid": 2 * (ratio == 0), "prior": prior}
    dear = {"id": "dear", "tier": 1, "input_ratio": 1.0, "bid": 1.0, "prior": prior}
    return {
        "kind": "workflow",
        "nodes": [{"id": "a", "output_tokens": 0, "input_tokens": 500_000, "difficulty": 1}],
        "edges": [],
        "providers": [free, dear],
        "options": {"mechanism": mechanism, **options},
    }


@pytest.mark.parametrize("mechanism", ["star", "pay_as_bid", "homogeneous", "myopic"])
def test_no_bid_below_nothing_is_said_to_win(mechanism: str) -> None:
    problem = two_sellers(mechanism, ratio=1.0)
    (loser,) = explain(problem)["losers"]
    assert loser["wins_below"] == 0
    assert explain_in_words(problem)[-1].endswith("; it would win nothing at a lower bid.")


@pytest.mark.parametrize("mechanism", ["homogeneous", "myopic"])
def test_who_does_no_work_without_a_reserve_is_paid_what_its_rival_asks(mechanism: str) -> None:
    problem = two_sellers(mechanism, ratio=0.0, reserve="none")
    (winner,) = explain(problem)["winners"]
    assert solve(problem)["payments"] == {"free": winner["parts"][0]["usd"]} == {"free": 0.5}
    assert "would cost at dear; its own takes no tokens" in "\n".join(explain_in_words(problem))
