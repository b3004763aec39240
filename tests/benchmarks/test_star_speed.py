from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec

import click
import networkx as nx
import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.star_speed import allocation, cli, growth, mechanism
from benchmarks.star_speed.cli import command
from benchmarks.star_speed.growth import Curve, Effort, Growth, Point
from benchmarks.star_speed.interval_splitting import interval_splitting_payment
from benchmarks.star_speed.k_trees import elimination_width, partial_k_tree
from benchmarks.star_speed.markets import Market, incomparable_market, paper_market, tiered_offers
from benchmarks.star_speed.measure import MIB, Memory, MemoryMeter, in_fresh_process, until_spent
from benchmarks.star_speed.prepared import Prepared
from benchmarks.star_speed.report import Aim, aims_table
from benchmarks.star_speed.subjects import OURS, SUBJECTS, prepare_own, problem_of
from market.errors import TooCostly
from market.workflow import Edge, Node, Workflow, star
from market.workflow.allocation import AllocationProblem
from market.workflow.dominance import Front
from market.workflow.quantities import FloatArray
from tests.oracles import BruteForceWorkflow

SMALL = [
    *("--workflow", "S4", "--seeds", "1", "--repetitions", "1", "--providers", "9"),
    *("--growth-providers", "10", "--growth-providers", "20", "--width", "2"),
    *("--growth-nodes", "10", "--growth-nodes", "20", "--subject", "HiGHS"),
]

needs_toulbar2 = pytest.mark.skipif(
    find_spec("pytoulbar2") is None, reason="pytoulbar2 is not installed (extra bench)"
)
subjects = [
    pytest.param(name, marks=needs_toulbar2 if subject.needs else ())
    for name, subject in SUBJECTS.items()
]


def test_a_small_run_prints_every_part() -> None:
    result = CliRunner().invoke(command, SMALL)
    assert result.exit_code == 0, result.output
    for line in (
        "| S4 | 9 | Walras (elimination) |",
        "| S4 | 9 | HiGHS |",
        "| one allocation, solving, HiGHS over ours, least of 1: S4 with 9 providers",
        "| MILPs solved |",
        "| nodes, treewidth 2; 10 providers, incomparable | mechanism | 10 to 20 |",
    ):
        assert line in result.output


def test_a_peer_that_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda name: None)
    result = CliRunner().invoke(command, ["--subject", "toulbar2"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: toulbar2 needs pytoulbar2, which is not installed")
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize("name", subjects)
@pytest.mark.parametrize("seed", range(5))
def test_every_subject_finds_the_least_cost(name: str, seed: int) -> None:
    market = tiny_market(seed)
    found = allocation.cost_usd(market, SUBJECTS[name].build(market).solve())
    least = BruteForceWorkflow(market.workflow, market.offers, True).least_cost_usd()
    assert found == pytest.approx(least, rel=1e-9)


def tiny_market(seed: int) -> Market:
    """Five nodes with a cycle and edges in both directions, six providers."""
    rng = np.random.default_rng(seed)
    nodes = tuple(
        Node(f"n{node}", float(rng.integers(1, 60)), 5.0, difficulty=int(rng.integers(1, 4)))
        for node in range(5)
    )
    pairs = [(0, 1), (1, 0), (1, 2), (0, 3), (2, 4), (3, 4)]
    edges = tuple(Edge(f"n{u}", f"n{v}", float(rng.integers(1, 200))) for u, v in pairs)
    return Market(Workflow(nodes, edges), tiered_offers(6, rng))


def test_an_allocation_by_somebody_incapable_costs_infinitely_much() -> None:
    market = tiny_market(0)
    cheapest = np.zeros(5, dtype=np.intp)
    assert not problem_of(market).capable[0].all()
    assert allocation.cost_usd(market, cheapest) == np.inf


@pytest.mark.parametrize("cost_usd", [1 + 2e-6, 1 - 2e-6, float("nan"), float("inf")])
def test_a_disagreement_fails(cost_usd: float) -> None:
    def cell(*costs: float) -> allocation.Cell:
        return allocation.Cell("", [allocation.Run(cost) for cost in costs], Memory(0, 0), 0.0)

    agreed = {OURS: cell(1.0, 1.0), "HiGHS": cell(1.0, 1.0 + 5e-7)}
    allocation.check_agreement(agreed, "S1")
    with pytest.raises(click.ClickException, match="S1, seed 1: HiGHS found an allocation of"):
        allocation.check_agreement({**agreed, "HiGHS": cell(1.0, cost_usd)}, "S1")


def test_interval_splitting_pays_every_loss_within_epsilon() -> None:
    drops = {1.3: 40e6, 1.7: 5e6, 2.0: 15e6}
    asked: list[float] = []

    def quantity(bid: float) -> float:
        asked.append(bid)
        return 1e6 + sum(lost for threshold, lost in drops.items() if bid < threshold)

    paid = interval_splitting_payment(quantity, 1.0, 3.0, 1e-4)
    exact = sum(threshold * lost / 1e6 for threshold, lost in drops.items())
    assert 0 < abs(paid - exact) <= 0.5e-4 * 60
    assert interval_splitting_payment(lambda bid: 1e6, 1.0, 3.0, 1e-4) == 0
    assert {1.0, 3.0, 2.0} <= set(asked)


def cleared() -> Iterator[tuple[Market, mechanism.Payments, mechanism.PublishedPayments]]:
    for seed in range(2):
        market = paper_market("S4", 9, seed)
        outcome = star(market.workflow, market.offers, mechanism.OPTIONS)
        lost = {
            winner: sum(point.quantity_lost for point in points)
            for winner, points in outcome.breakpoints.items()
        }
        ours = mechanism.Payments([1.0], outcome.payments_usd, lost, 0)
        payments, solves = mechanism.clear_published(market)
        yield market, ours, mechanism.PublishedPayments(1.0, payments, solves)


def test_the_published_method_pays_the_same_within_epsilon_and_no_other_pay_passes() -> None:
    for market, ours, published in cleared():
        assert 0 < mechanism.check_payments(market, ours, published) <= 1
        assert published.solves > 20
        winner = max(published.payments_usd, key=lambda name: published.payments_usd[name])
        wrong = {**published.payments_usd, winner: published.payments_usd[winner] * (1 + 1e-5)}
        with pytest.raises(click.ClickException, match=f"ours pays {winner}"):
            mechanism.check_payments(market, ours, mechanism.PublishedPayments(1.0, wrong, 1))
        with pytest.raises(click.ClickException, match="differ in winners"):
            mechanism.check_payments(market, ours, mechanism.PublishedPayments(1.0, {}, 1))


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("nodes", [5, 40])
def test_a_partial_k_tree_has_its_treewidth(nodes: int, width: int) -> None:
    workflow = partial_k_tree(nodes, width, np.random.default_rng(nodes))
    graph = nx.Graph((edge.source, edge.target) for edge in workflow.edges)
    assert len(graph) == len(workflow.nodes) == nodes
    assert nx.is_connected(graph)
    assert max(map(len, nx.find_cliques(graph))) == width + 1  # so that no order has less
    order = [f"n{node}" for node in reversed(range(nodes))]
    numbered = {name: place for place, name in enumerate(order)}
    edges = [(numbered[one], numbered[other]) for one, other in graph.edges]
    assert elimination_width(range(nodes), edges) == width


def test_the_width_of_an_order_counts_the_edges_that_it_makes() -> None:
    star_graph = [(0, 1), (0, 2), (0, 3)]
    assert elimination_width([1, 2, 3, 0], star_graph) == 1
    assert elimination_width([0, 1, 2, 3], star_graph) == 3
    ring = [(0, 1), (1, 2), (2, 3), (3, 0)]
    assert elimination_width([0, 1, 2, 3], ring) == 2


@pytest.mark.parametrize("nodes", [10, 19])
def test_nobody_dominates_anybody_in_an_incomparable_market(nodes: int) -> None:
    rng = np.random.default_rng(nodes)
    market = incomparable_market(partial_k_tree(nodes, 2, rng), 30, rng)
    problem = problem_of(market)
    for one in range(30):
        for other in range(30):
            if one != other:
                assert (problem.capable[one] & ~problem.capable[other]).any()
    assert len(Front.of(problem, market.prices).members) == 30


def test_too_few_nodes_for_incomparable_providers_are_one_line() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(click.ClickException, match="4 nodes have 6 sets of half of them"):
        incomparable_market(partial_k_tree(4, 1, rng), 7, rng)


def test_the_exponent_of_a_power_law_is_its_power() -> None:
    points = [Point(size, [1], [3e-3 * size**1.7], [], 0) for size in (10, 30, 100)]
    assert growth.exponent(points, lambda point: point.allocation_s) == "1.70 ± 0.00"
    assert growth.exponent(points, lambda point: point.mechanism_s) == "—"
    noisy = [*points, Point(100, [1], [3.0], [], 0)]
    assert not growth.exponent(noisy, lambda point: point.allocation_s).endswith("± 0.00")


def test_a_curve_stops_where_it_would_take_too_long() -> None:
    effort = Effort(seeds=1, repetitions=1, budget_s=0, limit_s=0)
    found = growth.measure_curve(Curve("tiered", 1), [10, 20, 50], effort)
    assert [point.size for point in found.points] == [10]
    assert [line.split(" was")[0] for line in found.left_out] == [
        "20: one allocation",
        "20: one mechanism",
    ]


def test_a_curve_stops_where_elimination_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse_many(name: str, problem: AllocationProblem, prices: FloatArray) -> Prepared:
        if len(prices) > 10:
            raise TooCostly("elimination needs too much")
        return prepare_own(name, problem, prices)

    monkeypatch.setattr(growth, "prepare_own", refuse_many)
    effort = Effort(seeds=1, repetitions=1, budget_s=0, limit_s=60)
    found: Growth = growth.measure_curve(Curve("incomparable"), [10, 20, 30], effort)
    assert [point.size for point in found.points] == [10]
    assert found.left_out == ["20: elimination needs too much"]


def test_the_meter_tells_what_was_taken_and_given_back() -> None:
    meter = MemoryMeter()
    block = bytearray(64 * MIB)
    del block
    assert meter.read().growth >= 63 * MIB
    assert MemoryMeter().read().growth < 32 * MIB


def test_a_process_that_dies_is_told_with_what_it_measured() -> None:
    assert in_fresh_process(os.getpid) != os.getpid()
    with pytest.raises(click.ClickException, match="the process died that measured 3"):
        in_fresh_process(os._exit, 3)


def test_a_spent_budget_ends_the_repetitions() -> None:
    assert list(until_spent(3, 60.0)) == [0, 1, 2]
    assert list(until_spent(3, 0.0)) == [0]


def test_an_aim_is_reached_on_its_own_side() -> None:
    assert Aim("a", 10.0, ">=", 10).reached
    assert not Aim("a", 9.9, ">=", 10).reached
    assert Aim("a", 9.9, "<=", 10).reached
    assert "| a | 9.9 | >= 10 | not reached |" in aims_table([Aim("a", 9.9, ">=", 10)])
