"""All exact solvers agree: thousands of random problems of every kind, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from market.errors import Infeasible
from market.workflow import Offer, Workflow, star
from market.workflow.mechanisms import MECHANISMS, Rule
from market.workflow.solvers import SOLVERS, choose_solver
from tests.market.workflow.random_problems import (
    AMOUNTS,
    CACHED_KINDS,
    GRAPHS,
    HUGE_PRICE,
    KINDS,
    LARGE,
    MEDIUM,
    SMALL,
    TIERS,
    Kind,
    RandomProblem,
    Size,
    random_problem,
)

#: Problems of every kind that are compared in every run, and beyond it.
SMALL_EACH, MEDIUM_EACH = 5, 5
MORE_EACH = 20

#: Relative, of the costs of two optimal allocations.
SAME_COST = 1e-9

of_every_graph = pytest.mark.parametrize("graph", GRAPHS)


def kinds_of(graph: str) -> tuple[Kind, ...]:
    return tuple(kind for kind in KINDS if kind.graph == graph)


def problems(
    kinds: Sequence[Kind], size: Size, each: int, seed: int = 1
) -> Iterator[tuple[Kind, RandomProblem]]:
    for kind in kinds:
        rng = np.random.default_rng([seed, (*KINDS, *CACHED_KINDS).index(kind), size.most_nodes])
        for _ in range(each):
            yield kind, random_problem(rng, kind, size)


def allocated(name: str, problem: RandomProblem) -> np.ndarray:
    """The allocation (n,) that a solver finds."""
    solver = choose_solver(name, [problem.allocation_problem])(problem.allocation_problem)
    (allocation,) = solver.allocate(problem.prices[None])
    return allocation


def compare_with_brute_force(kinds: Sequence[Kind], each: int, seed: int) -> Counter[Kind]:
    compared: Counter[Kind] = Counter()
    for kind, problem in problems(kinds, SMALL, each, seed):
        every = problem.brute_force()
        costs = every.quantities @ problem.prices
        for name in SOLVERS:
            chosen = (every.allocations == allocated(name, problem)).all(axis=1)
            assert costs[chosen] == pytest.approx([costs.min()], rel=SAME_COST, abs=0.0)
        compared[kind] += 1
    return compared


def compare_with_each_other(
    kinds: Sequence[Kind], size: Size, each: int, seed: int
) -> Counter[Kind]:
    compared: Counter[Kind] = Counter()
    for kind, problem in problems(kinds, size, each, seed):
        given = problem.allocation_problem
        allocations = np.stack([allocated(name, problem) for name in SOLVERS])
        assert given.capable[allocations, np.arange(allocations.shape[1])].all()
        costs = given.quantities(allocations) @ problem.prices
        assert costs == pytest.approx(np.full(len(SOLVERS), costs[0]), rel=SAME_COST, abs=0.0)
        compared[kind] += 1
    return compared


def test_every_run_compares_two_thousand_problems():
    assert len(set(KINDS)) == len(GRAPHS) * 2 * 2 * 2 * len(AMOUNTS) == 288
    assert len(KINDS) * (SMALL_EACH + MEDIUM_EACH) >= 2_000
    assert set(SOLVERS) >= {"elimination", "highs"}


@of_every_graph
def test_all_solvers_find_the_optimum_that_brute_force_finds(graph: str):
    kinds = kinds_of(graph)
    assert compare_with_brute_force(kinds, SMALL_EACH, 1) == dict.fromkeys(kinds, SMALL_EACH)


@of_every_graph
def test_all_solvers_find_the_same_cost_of_up_to_12_nodes_and_8_providers(graph: str):
    kinds = kinds_of(graph)
    compared = compare_with_each_other(kinds, MEDIUM, MEDIUM_EACH, 1)
    assert compared == dict.fromkeys(kinds, MEDIUM_EACH)


@of_every_graph
def test_all_solvers_find_the_same_cost_of_up_to_40_nodes_and_30_providers(graph: str):
    # A few: on some problems of this size HiGHS takes minutes for its proof.
    kinds = kinds_of(graph)[::8]
    assert compare_with_each_other(kinds, LARGE, 1, 1) == dict.fromkeys(kinds, 1)


@pytest.mark.slow
@of_every_graph
def test_all_solvers_agree_on_many_more(graph: str):
    kinds = kinds_of(graph)
    assert compare_with_brute_force(kinds, MORE_EACH, 2) == dict.fromkeys(kinds, MORE_EACH)
    more = compare_with_each_other(kinds, MEDIUM, MORE_EACH, 2)
    assert more == dict.fromkeys(kinds, MORE_EACH)


@of_every_graph
def test_star_pays_the_same_by_elimination_and_by_highs_and_what_brute_force_says(graph: str):
    kinds = [kind for kind in kinds_of(graph) if kind.amounts == "fractional"]
    small = list(problems(kinds, SMALL, 2, seed=3))
    medium = list(problems(kinds, MEDIUM, 1, seed=3))
    for _, problem in small + medium:
        one, other = (
            star(problem.workflow, problem.offers, problem.options(name))
            for name in ("elimination", "highs")
        )
        assert (one.solver, other.solver) == ("elimination", "highs")
        assert one.allocation == other.allocation
        assert one.payments_usd == pytest.approx(other.payments_usd, rel=1e-7)
    for _, problem in small:
        outcome = star(problem.workflow, problem.offers, problem.options("elimination"))
        every = problem.brute_force()
        expected = {
            offer.provider: every.payment_usd(i, every.quantity(outcome.allocation, i))
            for i, offer in enumerate(problem.offers)
            if offer.provider in outcome.payments_usd
        }
        assert outcome.payments_usd == pytest.approx(expected, rel=1e-7)
    assert len(small) + len(medium) == 24


def beyond_everyone(problem: RandomProblem, node: int) -> tuple[Workflow, tuple[Offer, ...]]:
    """The problem with a node that no provider is capable of."""
    nodes = list(problem.workflow.nodes)
    if nodes[node].capable is None:
        nodes[node] = replace(nodes[node], difficulty=TIERS + 1)
    else:
        nodes[node] = replace(nodes[node], capable=frozenset({"nobody"}))
    return replace(problem.workflow, nodes=tuple(nodes)), problem.offers


def all_declined(problem: RandomProblem, node: int) -> tuple[Workflow, tuple[Offer, ...]]:
    """The problem in which all who are capable of a node bid above the tops of their priors."""
    offers = tuple(
        replace(offer, bid=offer.prior.high * 1.01) if capable else offer
        for offer, capable in zip(
            problem.offers, problem.allocation_problem.capable[:, node], strict=True
        )
    )
    return problem.workflow, offers


@pytest.mark.parametrize("impossible", [beyond_everyone, all_declined])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("rule", MECHANISMS.values(), ids=MECHANISMS)
def test_a_node_that_nobody_can_run_is_recognised(rule: Rule, solver: str, impossible):
    rng = np.random.default_rng(4)
    kinds = [kind for kind in KINDS if kind.amounts == "ties" and not kind.shared_ratio]
    for _, problem in problems(kinds, SMALL, 1, seed=4):
        workflow, offers = impossible(problem, int(rng.integers(len(problem.workflow.nodes))))
        with pytest.raises(Infeasible, match=r"^node 'n\d' needs (a provider of|one of the)"):
            rule.buy(workflow, offers, problem.options(solver))
    assert len(kinds) == 36


def holds(graph: str, drawn: nx.DiGraph) -> bool:
    """Whether the ordinary edges are what the name of a kind of graph says."""
    undirected = drawn.to_undirected()
    acyclic = nx.is_directed_acyclic_graph(drawn)
    match graph:
        case "chain":
            return nx.is_arborescence(drawn) and nx.dag_longest_path_length(drawn) + 1 == len(drawn)
        case "tree":
            return nx.is_arborescence(drawn)
        case "cycle" | "cycle and loop":
            return not acyclic
        case "dense":
            return max(map(len, nx.find_cliques(undirected))) >= 4
        case "components":
            return acyclic and nx.number_connected_components(undirected) >= 3
        case "many parents":
            return acyclic and sum(parents >= 2 for _, parents in drawn.in_degree) >= len(drawn) - 2
    return acyclic


@of_every_graph
def test_the_graphs_are_of_the_kind_that_they_are_counted_as(graph: str):
    for _, problem in problems(kinds_of(graph), MEDIUM, 1):
        edges = problem.workflow.edges
        drawn = nx.DiGraph()
        drawn.add_nodes_from(node.id for node in problem.workflow.nodes)
        drawn.add_edges_from((e.source, e.target) for e in edges if e.iterations is None)
        assert holds(graph, drawn)
        assert any(edge.iterations is not None for edge in edges) == ("loop" in graph)


def test_the_amounts_bring_about_ties_zeros_and_huge_prices():
    every = list(problems(KINDS, SMALL, 1))
    drawn = {amounts: [p for kind, p in every if kind.amounts == amounts] for amounts in AMOUNTS}
    optima = {
        amounts: [
            int((costs == costs.min()).sum())
            for problem in found
            for costs in [problem.brute_force().quantities @ problem.prices]
            if len(costs) > 1
        ]
        for amounts, found in drawn.items()
    }
    assert set(optima["fractional"]) == {1}
    assert sum(count > 1 for count in optima["ties"]) >= len(optima["ties"]) / 6
    zeros = drawn["zeros"]
    assert sum(bool((p.prices == 0).any()) for p in zeros) >= len(zeros) / 3
    assert sum(any(n.output_tokens == 0 for n in p.workflow.nodes) for p in zeros) > len(zeros) / 3
    huge = [problem.prices[allocated("highs", problem)].max() for problem in drawn["huge prices"]]
    assert 0 < sum(price == HUGE_PRICE for price in huge) < len(huge) / 2
