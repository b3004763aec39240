import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubs.settlement import in_proportion, realized_workflow
from market.money import MOST_NANO
from market.workflow import Edge, Node, Workflow, star
from market.workflow.quantities import quantities_of
from tests.strategies import GRAPHS, auctions, examples

CHAIN = Workflow(
    (Node("a", 100.0, 40.0, difficulty=1), Node("b", 200.0, difficulty=1)),
    (Edge("a", "b", 60.0),),
)
RATIOS = {"x": 0.5, "y": 0.25}


def test_a_transfer_grows_with_its_source_and_input_from_outside_stays():
    realized = realized_workflow(CHAIN, {"a": 150.0, "b": 100.0})
    assert [node.output_tokens for node in realized.nodes] == [150.0, 100.0]
    assert realized.nodes[0].input_tokens == 40.0
    assert realized.edges[0].transfer_tokens == 90.0


def test_a_node_without_output_leaves_its_transfers_as_they_are():
    silent = Workflow((Node("a", 0.0, difficulty=1), CHAIN.nodes[1]), CHAIN.edges)
    assert realized_workflow(silent, {"a": 0.0, "b": 200.0}) == silent


@pytest.mark.parametrize(("charged", "input_tokens"), [(True, 40.0), (False, 0.0)])
def test_the_quantities_of_a_cut_chain(charged, input_tokens):
    allocation = {"a": "x", "b": "y"}
    found = quantities_of(CHAIN, allocation, RATIOS, charge_entry_input=charged)
    assert found == {"x": 100.0 + 0.5 * input_tokens, "y": 200.0 + 0.25 * 60.0}


def test_a_hit_ratio_charges_what_stays_at_its_provider():
    at_one = {"a": "x", "b": "x"}
    found = quantities_of(
        CHAIN, at_one, RATIOS, charge_entry_input=True, hit_ratio={"x": 0.125, "y": 0.0}
    )
    assert found == {"x": 300.0 + 0.5 * 40.0 + 0.125 * 60.0}


@pytest.mark.parametrize("graph", GRAPHS)
@given(data=st.data())
@examples(40)
def test_of_work_as_predicted_the_quantity_is_the_auctions_to_the_last_float(graph, data):
    auction = data.draw(auctions(graph, most_nodes=6))
    outcome = star(auction.workflow, auction.offers)
    lengths = {node.id: node.output_tokens for node in auction.workflow.nodes}
    ratios = {offer.provider: offer.input_ratio for offer in auction.offers}
    found = quantities_of(
        realized_workflow(auction.workflow, lengths),
        outcome.allocation,
        ratios,
        charge_entry_input=True,
    )
    assert found == outcome.quantities


def test_the_mean_quantity_over_unbiased_lengths_is_the_predicted_one():
    rng = np.random.default_rng(5)
    allocation = {"a": "x", "b": "y"}
    drawn = [
        quantities_of(
            realized_workflow(CHAIN, {"a": 100.0 * factors[0], "b": 200.0 * factors[1]}),
            allocation,
            RATIOS,
            charge_entry_input=True,
        )
        for factors in rng.uniform(0.5, 1.5, (4000, 2)).tolist()
    ]
    expected = quantities_of(CHAIN, allocation, RATIOS, charge_entry_input=True)
    for name, tokens in expected.items():
        assert np.mean([one[name] for one in drawn]) == pytest.approx(tokens, rel=0.01)
        assert np.std([one[name] for one in drawn]) > 0.1 * tokens


def test_a_payment_goes_with_the_work_and_stays_where_there_is_none():
    assert in_proportion(900, 300.0, 400.0) == 1200
    assert in_proportion(900, 300.0, 300.0) == 900
    assert in_proportion(900, 300.0, 0.0) == 0
    assert in_proportion(900, 0.0, 0.0) == 900


def test_a_payment_saturates_where_all_money_does():
    assert in_proportion(MOST_NANO, 1.0, 1e3) == MOST_NANO
    assert in_proportion(900, 5e-324, 1e12) == MOST_NANO
    assert in_proportion(0, 5e-324, 1e12) == 0
