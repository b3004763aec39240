import numpy as np
import pytest
from hypothesis import given

from market.workflow import Edge, Node, Workflow
from market.workflow.quantities import quantities, token_counts, total_usd
from tests.strategies import Auction, auctions, examples

CHAIN = Workflow(
    (Node("a", 100.0, 40.0, 1), Node("b", 60.0, 7.0, 1), Node("c", 10.0, difficulty=1)),
    (Edge("a", "b", 100.0), Edge("b", "c", 30.0)),
)


def test_work_is_output_and_what_is_read_anew():
    tokens = token_counts(CHAIN, charge_entry_input=True)
    ratios = np.array([0.5, 0.1])
    # p0 runs a and c: 100 + 10, half of a's input 40 and of the 30 that come from b at p1.
    assert quantities(tokens, ratios, np.array([[0, 1, 0]])).tolist() == [[145.0, 70.0]]
    assert quantities(tokens, ratios, np.array([[1, 1, 1]])).tolist() == [[0.0, 174.0]]


def test_the_input_of_entry_nodes_can_be_left_out():
    tokens = token_counts(CHAIN, charge_entry_input=False)
    assert quantities(tokens, np.array([0.5]), np.array([[0, 0, 0]])).tolist() == [[170.0]]


def test_what_a_loop_holds_counts_as_often_as_it_runs():
    workflow = Workflow(CHAIN.nodes, (*CHAIN.edges, Edge("b", "a", 8.0, iterations=3)))
    tokens = token_counts(workflow, charge_entry_input=True)
    split = quantities(tokens, np.array([0.5, 0.5]), np.array([[0, 1, 1]]))
    assert split.tolist() == [[3 * (100 + 20) + 2 * 4, 3 * (60 + 50) + 10]]


def test_prices_are_per_million_tokens():
    assert total_usd(np.array([2.0, 3.0]), np.array([5e5, 1e6])) == 4.0


@given(auction=auctions())
@examples(200)
def test_quantities_of_all_allocations_equal_the_definition(auction: Auction):
    every = auction.brute_force()
    tokens = token_counts(auction.workflow, charge_entry_input=auction.charge_entry_input)
    ratios = np.array([offer.input_ratio for offer in auction.offers])
    assert quantities(tokens, ratios, every.allocations) == pytest.approx(
        every.quantities, rel=1e-12
    )
