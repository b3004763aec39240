from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from market.workflow import Edge, Node, Offer, Uniform, Workflow
from market.workflow.allocation import AllocationProblem, allocation_problem
from market.workflow.elimination import Cost, Elimination, EliminationPlan
from market.workflow.elimination_kernel import eliminate
from market.workflow.elimination_order import min_fill_order
from market.workflow.quantities import token_counts
from tests.oracles import BruteForceWorkflow
from tests.strategies import Auction, auctions, examples

#: A third node on each side of the triangle of the nodes 0, 1 and 2.
SIDES = [(3, 0), (3, 1), (4, 0), (4, 2), (5, 1), (5, 2)]


def graph(size: int, pairs: list[tuple[int, int]]) -> Workflow:
    nodes = tuple(Node(f"n{v}", 10.0, difficulty=1) for v in range(size))
    return Workflow(nodes, tuple(Edge(f"n{u}", f"n{v}", 4.0) for u, v in pairs))


def problem_of(workflow: Workflow, providers: int = 3) -> AllocationProblem:
    offers = [Offer(f"p{i}", 1, 0.5, 1.0, Uniform(0.5, 2.0)) for i in range(providers)]
    return allocation_problem(workflow, offers, charge_entry_input=True)


def cost(workflow: Workflow, providers: int) -> Cost:
    problem = problem_of(workflow, providers)
    return EliminationPlan(problem.tokens).cost(problem.domain_sizes)


def test_the_order_takes_first_what_joins_nobody():
    tokens = token_counts(graph(4, [(0, 1), (1, 2), (2, 3)]), charge_entry_input=True)
    assert min_fill_order(tokens) == ((0, 1), (1, 2), (2, 3), (3,))


def test_the_tables_of_a_plan_are_its_messages():
    assert cost(graph(5, [(0, v) for v in range(1, 5)]), providers=7).entries == 4 * 7 + 1
    ring = [(v, (v + 1) % 5) for v in range(5)]
    assert cost(graph(5, ring), providers=7).entries == 3 * 7**2 + 7 + 1
    clique = [(u, v) for v in range(5) for u in range(v)]
    assert cost(graph(5, clique), providers=7).entries == 7**4 + 7**3 + 7**2 + 7 + 1
    assert cost(graph(5, []), providers=7).entries == 5


@pytest.mark.parametrize(
    ("pairs", "degree"),
    [
        ([(0, 1), (1, 2), (2, 3)], 1),  # a chain
        ([(0, 1), (0, 2), (1, 3), (2, 3)], 2),  # a diamond
        ([(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)], 2),  # a message couples one pair of it
        ([(0, 1), (0, 2), (1, 2), *SIDES], 3),  # messages couple all of a triangle
    ],
)
def test_the_operations_of_a_plan_grow_with_the_providers_as_its_couplings_say(pairs, degree):
    few, many = (cost(graph(6, pairs), providers).operations for providers in (500, 1000))
    assert np.log2(many / few) == pytest.approx(degree, abs=0.01)


def test_the_order_is_min_fill_at_every_turn():
    rng = np.random.default_rng(8)
    for _ in range(50):
        size = int(rng.integers(2, 15))
        left = nx.gnp_random_graph(size, 0.3, seed=int(rng.integers(1000)))
        tokens = token_counts(graph(size, list(left.edges)), charge_entry_input=True)
        for node, *_ in min_fill_order(tokens):
            keys = {
                v: (sum(not left.has_edge(*p) for p in combinations(left[v], 2)), left.degree(v), v)
                for v in left
            }
            assert node == min(keys, key=keys.__getitem__)
            left.add_edges_from(combinations(list(left[node]), 2))
            left.remove_node(node)


def test_ties_fall_to_the_first_provider():
    problem = problem_of(graph(4, [(0, 1), (1, 2), (2, 0), (1, 0)]))
    allocation = Elimination(problem, EliminationPlan(problem.tokens)).allocate(np.ones((1, 3)))
    assert allocation.tolist() == [[0, 0, 0, 0]]


def test_edges_in_both_directions_are_both_paid():
    # Cut at the only pair, p0 reads 4 tokens and p1 reads 4: dearer than either alone.
    workflow = graph(2, [(0, 1), (1, 0)])
    problem = problem_of(workflow, providers=2)
    solver = Elimination(problem, EliminationPlan(problem.tokens))
    assert solver.allocate(np.array([[1.0, 1.5], [2.0, 1.5]])).tolist() == [[0, 0], [1, 1]]


def test_the_order_is_a_valid_elimination_of_a_random_graph():
    rng = np.random.default_rng(3)
    for _ in range(100):
        size = int(rng.integers(1, 12))
        pairs = [(u, v) for v in range(size) for u in range(size) if u != v]
        pairs = [pair for pair in pairs if rng.random() < 0.25]
        tokens = token_counts(graph(size, pairs), charge_entry_input=True)
        order = min_fill_order(tokens)
        turn = {scope[0]: position for position, scope in enumerate(order)}
        assert sorted(turn) == list(range(size))
        left = {v: {u for p in pairs for u in p if v in p and u != v} for v in range(size)}
        for node, *others in order:
            neighbours = left.pop(node)
            assert others == sorted(neighbours, key=turn.__getitem__)
            for other in others:
                left[other] = (left[other] | neighbours) - {node, other}


@given(auction=auctions())
@examples(200)
def test_a_row_of_prices_gets_the_same_answer_alone_and_among_others(auction: Auction):
    problem = allocation_problem(
        auction.workflow, auction.offers, charge_entry_input=auction.charge_entry_input
    )
    solver = Elimination(problem, EliminationPlan(problem.tokens))
    rng = np.random.default_rng(0)
    prices = rng.integers(1, 4, (7, len(auction.offers))).astype(float)
    together = solver.allocate(prices)
    alone = [solver.allocate(row[None])[0] for row in prices]
    assert together.tolist() == np.stack(alone).tolist()


def test_many_providers_who_differ_in_what_they_can_do_equal_brute_force():
    rng = np.random.default_rng(5)
    pairs = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]
    names = [f"p{i}" for i in range(12)]
    for _ in range(30):
        nodes = tuple(
            Node(f"n{v}", float(rng.integers(0, 4)), capable=frozenset(rng.choice(names, 8)))
            for v in range(4)
        )
        edges = tuple(Edge(f"n{u}", f"n{v}", float(rng.integers(0, 6))) for u, v in pairs)
        offers = [Offer(name, 1, rng.choice([0.5, 1]), 1.0, Uniform(0.5, 2.0)) for name in names]
        every = BruteForceWorkflow(Workflow(nodes, edges), offers, charge_entry_input=True)
        problem = allocation_problem(Workflow(nodes, edges), offers, charge_entry_input=True)
        prices = rng.integers(1, 9, (5, 12)).astype(float)
        found = Elimination(problem, EliminationPlan(problem.tokens)).allocate(prices)
        for row, allocation in zip(prices, found, strict=True):
            costs = every.quantities @ row
            best = every.allocations[costs == costs.min()]
            first = min(best.tolist(), key=lambda one: [one[v] for v in every.order[::-1]])
            assert allocation.tolist() == first


def test_one_compilation_serves_all_problems():
    for providers in (1, 3):
        for pairs in ([], [(0, 1), (1, 2)]):
            problem = problem_of(graph(3, pairs), providers)
            columns = np.arange(providers)
            for prices in (np.ones((2, providers)), np.ones((2, 5))[:, columns]):
                Elimination(problem, EliminationPlan(problem.tokens)).allocate(prices)
    assert len(eliminate.signatures) == 1
