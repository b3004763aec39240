"""Every graph of the real files: elimination and HiGHS agree, and no order is narrower."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from market.workflow import Offer, Uniform, Workflow
from market.workflow.allocation import allocation_problem
from market.workflow.elimination_order import min_fill_order
from market.workflow.quantities import TokenCounts, quantities
from market.workflow.solvers import choose_solver
from orchestrator.demand.graph_lists import read_graphs
from orchestrator.demand.wfformat import read_wfformat
from tests.real_files import real

#: Lowest costs of the three tiers, USD per 1e6 output tokens: close enough for switching to pay.
TIER_COST = {1: 0.4, 2: 0.5, 3: 0.6}
PER_TIER = 4

#: Of every file, how many of its graphs have which treewidth.
WIDTHS = {
    "helloworld-chain-5-chameleon.json": {1: 1},
    "epigenomics-chameleon-hep-1seq-100k-001.json": {2: 1},
    "srasearch-chameleon-10a-001.json": {2: 1},
    "bwa-chameleon-small-001.json": {4: 1},
    "montage-chameleon-2mass-005d-001.json": {5: 1},
    "agent_graphs.json": {1: 131, 2: 64, 3: 1},
    "worfbench_plans.json": {0: 135, 1: 891, 2: 43, 3: 1},
}


def offers() -> tuple[Offer, ...]:
    """Four providers of each tier, every one with its own input ratio."""
    rng = np.random.default_rng(5)
    drawn = []
    for tier, cost in TIER_COST.items():
        for position in range(PER_TIER):
            low, high = cost * rng.uniform(0.7, 1.0), cost * rng.uniform(1.2, 1.5)
            ratio, bid = rng.uniform(0.05, 1.0), rng.uniform(low, high)
            drawn.append(Offer(f"{tier}.{position}", tier, ratio, bid, Uniform(low, high)))
    return tuple(drawn)


def workflows(path: Path) -> list[Workflow]:
    return read_wfformat(path) if "chameleon" in path.name else read_graphs(path)


def least_width(tokens: TokenCounts) -> int:
    """A lower bound of the treewidth: the largest least degree while edges are contracted.

    Source: Bodlaender and Koster (2011), "Treewidth computations II", contraction degeneracy.
    """
    left = nx.Graph()
    left.add_nodes_from(range(len(tokens.output)))
    left.add_edges_from(zip(tokens.source.tolist(), tokens.target.tolist(), strict=True))
    bound = 0
    while left:
        node = min(left, key=left.degree)
        others = set(left[node])
        bound = max(bound, len(others))
        left.remove_node(node)
        if others:
            into = min(others, key=lambda other: len(others & set(left[other])))
            left.add_edges_from((into, other) for other in others - {into})
    return bound


@pytest.mark.parametrize("name", WIDTHS)
def test_elimination_and_highs_find_the_same_cost_of_every_real_graph(name: str):
    providers = offers()
    prices = np.array([offer.virtual_cost for offer in providers])
    widths: Counter[int] = Counter()
    several = 0
    for workflow in workflows(real(f"workflows/{name}")):
        problem = allocation_problem(workflow, providers, charge_entry_input=True)
        allocations = []
        for solver in ("elimination", "highs"):
            (allocation,) = choose_solver(solver, [problem])(problem).allocate(prices[None])
            allocations.append(allocation)
        assert problem.capable[allocations, range(len(workflow.nodes))].all()
        costs = quantities(problem.tokens, problem.input_ratio, np.stack(allocations)) @ prices
        assert costs[0] == pytest.approx(costs[1], rel=1e-9)
        several += len(set(allocations[0].tolist())) > 1
        width = max(len(scope) - 1 for scope in min_fill_order(problem.tokens))
        assert width == least_width(problem.tokens)
        widths[width] += 1
    assert widths == WIDTHS[name]
    # A graph that one provider runs whole says little of a solver.
    assert several > 0.5 * widths.total() or widths.total() == 1


def test_every_real_file_is_here():
    files = {path.name for path in real("workflows").glob("*.json")}
    assert files == set(WIDTHS)
