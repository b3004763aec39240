import numpy as np
import pytest
from hypothesis import given

from market.workflow import Edge, Node, Offer, Uniform, Workflow
from market.workflow.allocation import allocation_problem
from market.workflow.mechanisms.greedy_allocation import GreedyAllocation, greedy_order
from tests.oracles import executions
from tests.strategies import GRAPHS, Auction, auctions, examples


def graph(names: str, *edges: str) -> Workflow:
    return Workflow(
        tuple(Node(name, 1.0, difficulty=1) for name in names),
        tuple(Edge(edge[0], edge[1], 1.0, *([2] if "*" in edge else [])) for edge in edges),
    )


@pytest.mark.parametrize(
    ("workflow", "order"),
    [
        (graph("abc"), "abc"),
        (graph("cba", "ab", "bc"), "abc"),
        (graph("dcba", "ab", "ac", "bd", "cd"), "acbd"),
        (graph("ab", "ab", "ba*"), "ab"),
        # a waits for b and c, each of the others for one node: b is the first of these
        (graph("abcd", "ba", "ca", "ab", "bc", "cd"), "bcad"),
        # d leads into the cycle, which is then entered at b
        (graph("abcd", "ca", "ab", "bc", "db"), "dabc"),
    ],
)
def test_the_next_node_waits_for_the_fewest_parents_and_is_the_first_such(workflow, order):
    assert "".join(workflow.nodes[v].id for v in greedy_order(workflow)) == order


def test_an_edge_costs_nothing_until_both_its_ends_are_placed():
    # a waits for b and b for a. The first takes x 2 and y 3, before anyone knows where b will run;
    # at x, b adds 2, at y 3, and 2 * 2 * 4 for a, which would read it anew.
    nodes = tuple(Node(name, 1.0, difficulty=1) for name in "ab")
    cycle = Workflow(nodes, (Edge("a", "b", 4.0), Edge("b", "a", 4.0)))
    offers = [
        Offer("x", 1, 2.0, 1.0, Uniform(0.0, 4.0)),
        Offer("y", 1, 0.0, 1.5, Uniform(0.0, 4.0)),
    ]
    problem = allocation_problem(cycle, offers, charge_entry_input=True)
    assert GreedyAllocation(cycle, problem).allocate(np.array([2.0, 3.0])).tolist() == [0, 0]


@pytest.mark.parametrize("kind", GRAPHS)
def test_every_node_goes_where_it_adds_the_least_cost(kind: str):
    @given(auction=auctions(graph=kind))
    @examples(100)
    def agree(auction: Auction):
        charge = auction.charge_entry_input
        problem = allocation_problem(auction.workflow, auction.offers, charge_entry_input=charge)
        rule = GreedyAllocation(auction.workflow, problem)
        allocation = rule.allocate(auction.brute_force().prices).tolist()
        placed: dict[str, int] = {}
        for v in greedy_order(auction.workflow):
            name = auction.workflow.nodes[v].id
            costs = {
                i: _cost_of_placed(auction, {**placed, name: i})
                for i in problem.domains[v].tolist()
            }
            placed[name] = allocation[v]
            assert costs[allocation[v]] <= min(costs.values()) * (1 + 1e-12) + 1e-12

    agree()


def _cost_of_placed(auction: Auction, placed: dict[str, int]) -> float:
    """The virtual cost of the placed nodes, and of the edges between them that are cut."""
    runs, passes = executions(auction.workflow)
    offers, cost = auction.offers, 0.0
    for node in auction.workflow.nodes:
        if node.id in placed:
            offer = offers[placed[node.id]]
            entry = auction.charge_entry_input and node.id in auction.workflow.entry_nodes
            read = offer.input_ratio * node.input_tokens if entry else 0.0
            cost += offer.virtual_cost * runs[node.id] * (node.output_tokens + read)
    for edge in auction.workflow.edges:
        ends = edge.source, edge.target
        if set(ends) <= set(placed) and placed[edge.source] != placed[edge.target]:
            reader = offers[placed[edge.target]]
            tokens = passes[ends] * edge.transfer_tokens
            cost += reader.virtual_cost * reader.input_ratio * tokens
    return cost
