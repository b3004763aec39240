"""Cached input that is charged: the same questions as where it is free, with another quantity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given

from market.audit import Report, audit_workflow_client, audit_workflow_providers
from market.errors import BadInput, Infeasible
from market.workflow import Edge, Node, Offer, StarOptions, Uniform, Workflow, star
from market.workflow.allocation import allocation_problem
from market.workflow.dominance import Front
from market.workflow.elimination import Elimination, EliminationPlan
from market.workflow.mechanisms import MECHANISMS
from market.workflow.mechanisms.greedy_allocation import GreedyAllocation, greedy_order
from market.workflow.mechanisms.node_work import work_left
from market.workflow.problem import read_auction
from market.workflow.problem_form import written_auction
from market.workflow.quantities import quantities, quantities_of, token_counts, total_usd
from tests.market.audit.markets import under
from tests.market.workflow.cached_auctions import CachedAuction, cached
from tests.market.workflow.random_problems import CACHED_KINDS, GRAPHS, MEDIUM, SMALL
from tests.market.workflow.test_quantities import CHAIN
from tests.market.workflow.test_solver_agreement import (
    compare_with_brute_force,
    compare_with_each_other,
    problems,
)
from tests.strategies import auctions, examples, ironed_auctions

CHARGED = StarOptions(charge_cached_input=True)
of_every_graph = pytest.mark.parametrize("graph", GRAPHS)


def kinds_of(graph: str):
    return [kind for kind in CACHED_KINDS if kind.graph == graph]


def problem_of(auction: CachedAuction):
    return allocation_problem(auction.workflow, auction.offers, **auction.options().charges)


def test_what_is_read_from_the_own_nodes_counts_at_the_hit_ratio():
    tokens = token_counts(CHAIN, charge_entry_input=True)
    ratios, hits = np.array([0.5, 0.1]), np.array([0.25, 0.05])
    # a and b at p0: 100 + 60, half of a's input 40, a quarter of the 100 between them; c at p1
    # reads 30 anew.
    found = quantities(tokens, ratios, np.array([[0, 0, 1], [1, 1, 1]]), hits)
    assert found.tolist() == [[100 + 60 + 20 + 25, 10 + 3], [0.0, 170 + 4 + 6.5]]
    by_name = quantities_of(
        CHAIN,
        {"a": "p", "b": "p", "c": "q"},
        {"p": 0.5, "q": 0.1},
        charge_entry_input=True,
        hit_ratio={"p": 0.25, "q": 0.05},
    )
    assert by_name == {"p": 205.0, "q": 13.0}


def test_a_provider_that_charges_all_input_alike_loses_what_held_its_nodes_together():
    chain = Workflow(
        (Node("draft", 1e6, difficulty=2), Node("edit", 1e6, difficulty=1)),
        (Edge("draft", "edit", 1e6),),
    )
    large = Offer("large", 2, 0.5, 1.0, Uniform(0.0, 4.0), hit_ratio=0.5)
    small = Offer("small", 1, 0.5, 0.75, Uniform(0.0, 4.0), hit_ratio=0.5)
    free, charged = star(chain, [large, small]), star(chain, [large, small], CHARGED)
    assert free.allocation == {"draft": "large", "edit": "large"}
    assert charged.allocation == {"draft": "large", "edit": "small"}
    # draft is lost to nobody, edit at the rival's bid
    assert charged.payments_usd == {"large": 4.0, "small": 1.0 * 1.5}


@given(auction=cached(auctions()))
@examples(150)
def test_quantities_of_all_allocations_equal_the_definition(auction: CachedAuction):
    every, problem = auction.brute_force(), problem_of(auction)
    assert problem.quantities(every.allocations) == pytest.approx(every.quantities, rel=1e-12)
    # a cold purchase is of everything at the price of what is not cached
    assert (every.quantities <= problem.cold_quantities(every.allocations) * (1 + 1e-12)).all()


@of_every_graph
def test_all_solvers_find_the_optimum_that_brute_force_finds(graph: str):
    kinds = kinds_of(graph)
    assert compare_with_brute_force(kinds, 4, 5) == dict.fromkeys(kinds, 4)


@of_every_graph
def test_all_solvers_find_the_same_cost_of_up_to_12_nodes_and_8_providers(graph: str):
    kinds = kinds_of(graph)
    assert compare_with_each_other(kinds, MEDIUM, 1, 5) == dict.fromkeys(kinds, 1)


def test_star_pays_the_same_by_both_solvers_and_what_brute_force_says():
    kinds = [kind for kind in CACHED_KINDS if kind.amounts == "fractional"]
    for _, problem in problems(kinds, SMALL, 2, seed=6):
        one, other = (
            star(problem.workflow, problem.offers, problem.options(name))
            for name in ("elimination", "highs")
        )
        assert one.allocation == other.allocation
        assert one.payments_usd == pytest.approx(other.payments_usd, rel=1e-7)
        every = problem.brute_force()
        expected = {
            offer.provider: every.payment_usd(i, every.quantity(one.allocation, i))
            for i, offer in enumerate(problem.offers)
            if offer.provider in one.payments_usd
        }
        assert one.payments_usd == pytest.approx(expected, rel=1e-7)


@given(auction=cached(auctions()))
@examples(200)
def test_pruning_changes_no_optimum_and_with_output_everywhere_no_allocation(
    auction: CachedAuction,
):
    problem = problem_of(auction)
    prices = np.array([offer.virtual_cost for offer in auction.offers])
    plan = EliminationPlan(problem.tokens)
    full = Elimination(problem, plan).allocate(prices[None])
    kept = problem.among(Front.of(problem, prices).members)
    pruned = Elimination(kept, plan).allocate(prices[None])
    costs = [total_usd(prices, problem.quantities(found)[0]) for found in (full, pruned)]
    np.testing.assert_allclose(costs[0], costs[1], rtol=1e-12)
    if all(node.output_tokens > 0 for node in auction.workflow.nodes) and costs[0] > 0:
        each = [problem.quantities(found)[0] for found in (full, pruned)]
        np.testing.assert_allclose(each[0] * prices, each[1] * prices, rtol=1e-9)


@pytest.mark.parametrize("rule", MECHANISMS.values(), ids=MECHANISMS)
def test_what_winners_run_is_what_the_definition_says(rule):
    @given(auction=cached(auctions(most_nodes=4)))
    @examples(40)
    def conforms(auction: CachedAuction):
        try:
            outcome = rule.buy(auction.workflow, auction.offers, auction.options())
        except Infeasible:
            assume(False)
            raise
        every = auction.brute_force()
        for i, offer in enumerate(auction.offers):
            run = outcome.quantities.get(offer.provider, 0.0)
            assert run == pytest.approx(every.quantity(outcome.allocation, i), rel=1e-12)

    conforms()


@given(auction=cached(auctions()))
@examples(100)
def test_the_work_left_adds_up_to_the_quantities(auction: CachedAuction):
    problem = problem_of(auction)
    allocation = np.array([domain[-1] for domain in problem.domains])
    added = np.zeros(len(auction.offers))
    np.add.at(added, allocation, work_left(problem, allocation))
    assert added == pytest.approx(problem.quantities(allocation[None])[0], rel=1e-12)


@given(auction=cached(auctions()))
@examples(150)
def test_greedy_places_every_node_where_the_placed_ones_cost_least(auction: CachedAuction):
    problem, prices = problem_of(auction), auction.brute_force().prices
    tokens = problem.tokens
    allocation = GreedyAllocation(auction.workflow, problem).allocate(prices)
    order = greedy_order(auction.workflow)

    def cost_of(placed: dict[int, int]) -> float:
        total = sum(
            prices[i] * (tokens.output[v] + problem.input_ratio[i] * tokens.entry_input[v])
            for v, i in placed.items()
        )
        for u, v, sent in zip(tokens.source, tokens.target, tokens.transfer, strict=True):
            if u in placed and v in placed:
                i = placed[v]
                ratio = problem.hit_ratio if placed[u] == i else problem.input_ratio
                total += prices[i] * ratio[i] * sent
        return float(total)

    for turn, v in enumerate(order):
        before = {u: int(allocation[u]) for u in order[:turn]}
        costs = [cost_of({**before, v: int(i)}) for i in problem.domains[v]]
        chosen = cost_of({**before, v: int(allocation[v])})
        assert chosen <= min(costs) * (1 + 1e-12) + 1e-12


def assert_nobody_gains(report: Report) -> None:
    for finding in report.findings:
        assert finding.regret <= 1e-9 * finding.scale
        assert finding.method == "exact"
    assert not report.violated, report.checks


@given(auction=cached(auctions()))
@examples(80)
def test_under_star_nobody_gains(auction: CachedAuction):
    assert_nobody_gains(audit_workflow_providers(under(auction, "star")))


@given(auction=cached(ironed_auctions()))
@examples(40)
def test_under_star_nobody_gains_whatever_is_ironed(auction: CachedAuction):
    assert_nobody_gains(audit_workflow_providers(under(auction, "star")))


@pytest.mark.parametrize("rule", ["homogeneous", "myopic"])
def test_under_the_truthful_baselines_nobody_gains(rule: str):
    @given(auction=cached(auctions()))
    @examples(60)
    def holds(auction: CachedAuction):
        try:
            report = audit_workflow_providers(under(auction, rule))
        except Infeasible:
            assume(False)
            raise
        assert_nobody_gains(report)

    holds()


def test_the_client_is_billed_for_cached_input_in_proportion():
    offers = (Offer("p", 1, 0.5, 1.0, Uniform(0.0, 2.0), hit_ratio=0.25),)
    chain = Workflow(
        (Node("a", 1e6, difficulty=1), Node("b", 0.0, difficulty=1)), (Edge("a", "b", 1e6),)
    )
    auction = CachedAuction(chain, offers, True)
    (finding,) = audit_workflow_client(under(auction, "star"), settlements=("realized",)).findings
    # nobody competes: the price per token is the top of the prior whatever is declared
    assert finding.truthful_utility == pytest.approx(-2.0 * 1.25)
    assert finding.regret <= 1e-9


def test_a_cached_token_that_costs_more_than_another_is_bad_input_where_it_is_charged():
    dear = Offer("p", 1, 0.25, 1.0, Uniform(0.0, 2.0), hit_ratio=0.5)
    assert star(CHAIN, [dear]).allocation == {"a": "p", "b": "p", "c": "p"}
    problem = "expected at most its input_ratio, 0.25, where cached input is charged; got 0.5"
    for rule in MECHANISMS.values():
        with pytest.raises(BadInput) as error:
            rule.buy(CHAIN, [dear], CHARGED)
        assert str(error.value) == f"provider 'p'.hit_ratio: {problem}"
    record = written_auction(under(CachedAuction(CHAIN, (dear,), True), "star"))
    with pytest.raises(BadInput) as error:
        read_auction(record)
    assert str(error.value) == f"providers.0.hit_ratio: {problem}"


def test_a_hit_ratio_is_read_as_it_is_written_and_is_no_less_than_nothing():
    offer = Offer("p", 1, 0.25, 1.0, Uniform(0.0, 2.0), hit_ratio=0.125)
    auction = under(CachedAuction(CHAIN, (offer,), True), "star")
    record = written_auction(auction)
    assert record["options"]["charge_cached_input"] is True
    assert read_auction(record) == auction
    record["providers"][0]["hit_ratio"] = -1
    with pytest.raises(BadInput, match=r"providers\.0\.hit_ratio: expected a finite number >= 0"):
        read_auction(record)
    assert (
        "hit_ratio"
        not in written_auction(replace(auction, offers=(replace(offer, hit_ratio=0.0),)))[
            "providers"
        ][0]
    )
