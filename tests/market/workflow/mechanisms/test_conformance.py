"""What every registered mechanism has to do, whatever it is good for."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given

from market.errors import BadInput, Infeasible
from market.fields import Fields
from market.workflow import Node, StarOptions, Workflow
from market.workflow.allocation import allocation_problem
from market.workflow.mechanisms import MECHANISMS, Outcome, Rule, by_name
from market.workflow.problem import read_workflow
from market.workflow.quantities import quantities
from tests.market.workflow.mechanisms.builders import CHAIN, LOOP, X, Y, Z, named, work_paid
from tests.strategies import Auction, auctions, examples

pytestmark = pytest.mark.parametrize("rule", MECHANISMS.values(), ids=MECHANISMS)


def bought(rule: Rule, auction: Auction) -> Outcome:
    try:
        return rule.buy(auction.workflow, auction.offers, auction.options())
    except Infeasible:
        assert rule.name == "homogeneous"
        assume(False)
        raise


def test_every_node_is_run_by_a_capable_provider_and_winners_alone_are_paid(rule: Rule):
    @given(auction=auctions())
    @examples(100)
    def conforms(auction: Auction):
        outcome = bought(rule, auction)
        problem = allocation_problem(
            auction.workflow, auction.offers, charge_entry_input=auction.charge_entry_input
        )
        position = {offer.provider: i for i, offer in enumerate(auction.offers)}
        allocation = [position[outcome.allocation[node.id]] for node in auction.workflow.nodes]
        assert len(outcome.allocation) == len(auction.workflow.nodes)
        assert problem.capable[allocation, range(len(allocation))].all()
        winners = {auction.offers[i].provider for i in allocation}
        assert set(outcome.payments_usd) == set(outcome.quantities) == winners
        (expected,) = quantities(problem.tokens, problem.input_ratio, np.array([allocation]))
        assert outcome.quantities == {name: expected[position[name]] for name in winners}

    conforms()


def test_winners_are_paid_at_least_their_bids(rule: Rule):
    @given(auction=auctions())
    @examples(100)
    def conforms(auction: Auction):
        outcome = bought(rule, auction)
        for offer in auction.offers:
            if offer.provider in outcome.payments_usd:
                cost = offer.bid * work_paid(outcome)[offer.provider] / 1e6
                assert outcome.payments_usd[offer.provider] >= cost * (1 - 1e-12)

    conforms()


def test_a_declined_bid_changes_nothing(rule: Rule):
    high = replace(Y, provider="high", bid=4.5)
    assert rule.buy(CHAIN, [high, X, Y, Z]) == rule.buy(CHAIN, [X, Y, Z])
    with pytest.raises(BadInput, match=r"provider 'high'\.bid: expected a bid <= 4"):
        rule.buy(CHAIN, [high, X, Y, Z], StarOptions(reserve="none"))


@pytest.mark.parametrize("workflow", [CHAIN, LOOP], ids=["chain", "loop"])
def test_of_equal_offers_the_first_wins(rule: Rule, workflow: Workflow):
    twins = [replace(Y, provider=name) for name in ("b", "a", "c")]
    outcome = rule.buy(workflow, twins)
    assert outcome.allocation == {node.id: "b" for node in workflow.nodes}
    # The first could not have bid more, and is paid its bid.
    assert outcome.payments_usd == pytest.approx({"b": 2.0 * work_paid(outcome)["b"] / 1e6})


def test_the_order_of_keys_edges_and_names_changes_nothing(rule: Rule):
    nodes = [
        {"id": "a", "output_tokens": 1e6, "input_tokens": 2e6, "capable": ["x", "y", "z"]},
        {"id": "b", "output_tokens": 3e6, "capable": ["y", "z"]},
        {"id": "c", "output_tokens": 2e6, "capable": ["z", "x", "y"]},
    ]
    edges = [
        {"from": "a", "to": "b", "transfer_tokens": 1e6},
        {"from": "a", "to": "c", "transfer_tokens": 4e6},
        {"from": "b", "to": "c", "transfer_tokens": 2e6},
        {"from": "c", "to": "a", "transfer_tokens": 1e6, "iterations": 2},
    ]
    backward = {
        "edges": [dict(reversed(edge.items())) for edge in reversed(edges)],
        "nodes": [
            {
                key: value[::-1] if key == "capable" else value
                for key, value in reversed(node.items())
            }
            for node in nodes
        ],
    }
    one = read_workflow(Fields({"nodes": nodes, "edges": edges}, ""), None)
    other = read_workflow(Fields(backward, ""), None)
    assert rule.buy(one, [X, Y, Z]) == rule.buy(other, [X, Y, Z])


def test_a_cycle_of_ordinary_edges_is_bought(rule: Rule):
    @given(auction=auctions(graph="cycle_and_loop", most_nodes=4))
    @examples(50)
    def conforms(auction: Auction):
        outcome = bought(rule, auction)
        every = auction.brute_force()
        for i, offer in enumerate(auction.offers):
            quantity = outcome.quantities.get(offer.provider, 0.0)
            expected = every.quantity(outcome.allocation, i)
            assert quantity == pytest.approx(expected, rel=1e-12)

    conforms()


def test_nothing_to_run_is_bought_for_nothing(rule: Rule):
    workflow = Workflow((Node("a", 0.0, difficulty=1), Node("b", 0.0, difficulty=1)))
    assert set(rule.buy(workflow, [X, Y]).payments_usd.values()) == {0.0}


def test_a_node_that_nobody_can_run_is_infeasible(rule: Rule):
    with pytest.raises(Infeasible, match="node 'a' needs one of the providers"):
        rule.buy(Workflow((named("a", 1e6, "w"),)), [X, Y])
    with pytest.raises(Infeasible, match="no provider takes part"):
        rule.buy(CHAIN, [])


def test_a_provider_may_offer_once(rule: Rule):
    with pytest.raises(BadInput, match=r"providers\.2\.id: duplicate id 'x'"):
        rule.buy(CHAIN, [X, Y, X])


def test_a_name_may_be_registered_once(rule: Rule):
    with pytest.raises(BadInput, match=rf"duplicate id '{rule.name}'"):
        by_name(*MECHANISMS.values(), rule)
