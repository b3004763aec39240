import numpy as np
import pytest
from hypothesis import given

from market.errors import BadInput, TooCostly
from market.workflow import Edge, Node, Offer, StarOptions, Uniform, Workflow, star
from market.workflow.allocation import allocation_problem
from market.workflow.solvers import choose_solver
from tests.strategies import GRAPHS, Auction, auctions, examples


@pytest.mark.parametrize("graph", GRAPHS)
def test_elimination_highs_and_brute_force_find_the_same_optimum(graph: str):
    @given(auction=auctions(graph=graph))
    @examples(200)
    def agree(auction: Auction):
        every = auction.brute_force()
        problem = allocation_problem(
            auction.workflow, auction.offers, charge_entry_input=auction.charge_entry_input
        )
        least = every.least_cost_usd()
        for name in ("elimination", "highs"):
            solver = choose_solver(name, [problem])(problem)
            assert solver.name == name
            (allocation,) = solver.allocate(every.prices[None])
            (row,) = np.flatnonzero((every.allocations == allocation).all(axis=1))
            cost = float(every.quantities[row] @ every.prices) / 1e6
            assert cost == pytest.approx(least, rel=1e-11, abs=1e-15)

    agree()


def clique(size: int, providers: int) -> tuple[Workflow, list[Offer]]:
    """A complete graph in which nobody dominates anybody."""
    names = [f"p{i}" for i in range(providers)]
    nodes = tuple(Node(f"n{v}", 10.0 + v, capable=frozenset(names)) for v in range(size))
    edges = [Edge(f"n{u}", f"n{v}", 5.0) for v in range(size) for u in range(v)]
    offers = [
        Offer(name, 1, 2.0 / (i + 1) ** 2, 1.0 + 0.1 * i, Uniform(0.0, 4.0))
        for i, name in enumerate(names)
    ]
    return Workflow(nodes, tuple(edges)), offers


def test_auto_is_elimination_on_small_tables_and_highs_on_large_ones():
    assert star(*clique(4, 6)).solver == "elimination"
    assert star(*clique(8, 6)).solver == "highs"


def test_elimination_asked_for_by_name_says_what_it_would_need():
    with pytest.raises(TooCostly) as error:
        star(*clique(12, 6), StarOptions(solver="elimination"))
    assert str(error.value) == (
        "elimination needs tables of 435356467 entries and 49471006561 operations, the limits"
        " are 67108864 and 4294967296; solver 'highs' or 'auto' does without"
    )


def test_one_provider_in_a_graph_wider_than_an_array_has_axes():
    workflow, offers = clique(70, 1)
    assert star(workflow, offers).allocation == {node.id: "p0" for node in workflow.nodes}


def test_an_unknown_solver_is_refused_with_the_choices():
    with pytest.raises(BadInput) as error:
        StarOptions(solver="gurobi")
    assert str(error.value) == (
        "options.solver: expected one of auto, elimination, highs; got 'gurobi'"
    )
