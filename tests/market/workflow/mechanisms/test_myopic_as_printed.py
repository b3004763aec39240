import pytest
from hypothesis import given

from market.workflow import Edge, Offer, StarOptions, Uniform, Workflow
from market.workflow.mechanisms import Purchase, myopic_as_printed
from tests.market.workflow.mechanisms.builders import (
    CHAIN,
    LOOP,
    X,
    Y,
    Z,
    gain_from_bidding,
    named,
)
from tests.strategies import Auction, auctions, examples


def test_the_price_is_the_second_bid_and_the_work_what_is_left():
    # The draft: x at 0.5, the second bid is y's 2, for 1e6 tokens. The edit: y at 2, the second
    # bid is z's 2.5, for 1.5e6 tokens, since x has the draft.
    assert myopic_as_printed(CHAIN, [X, Y, Z]) == Purchase(
        allocation={"draft": "x", "edit": "y"},
        quantities={"x": 1e6, "y": 1.5e6},
        payments_usd={"x": 2.0, "y": 3.75},
    )
    # Without x, y has the draft in its cache: 2.5 for each of 2e6 tokens.
    assert myopic_as_printed(CHAIN, [Y, Z]) == Purchase(
        allocation={"draft": "y", "edit": "y"}, quantities={"y": 2e6}, payments_usd={"y": 5.0}
    )


def test_the_lowest_bid_wins_whatever_input_costs_it():
    # q's lower bid takes both nodes, though it needs 9 + 2 * 3 = 15e6 tokens where p would need
    # 10.5e6; p's bid of 2 is capped at the 0.75 that q can at most cost.
    p = Offer("p", 1, 0.5, 2.0, Uniform(0.0, 4.0))
    q = Offer("q", 1, 2.0, 0.5, Uniform(0.0, 0.75))
    assert myopic_as_printed(LOOP, [p, q]) == Purchase(
        allocation={"a": "q", "b": "q"}, quantities={"q": 15e6}, payments_usd={"q": 0.75 * 15}
    )
    without = myopic_as_printed(LOOP, [p, q], StarOptions(reserve="none"))
    assert without.payments_usd == {"q": 2.0 * 15}


@pytest.mark.parametrize("reserve", ["support_top", "none"])
def test_a_higher_bid_can_gain(reserve):
    # y costs 1. Honest, it drafts 3e6 tokens for x's 2 and edits 2e6 for z's 3: 6 + 6 - 5 = 7.
    # At 2.5 the draft is x's, for 2.5, and the edit reads 4e6 more, all of it for z's 3:
    # 3 * 6 - 6 = 12.
    workflow = Workflow(
        (named("draft", 3e6, "x", "y"), named("edit", 2e6, "y", "z")), (Edge("draft", "edit", 4e6),)
    )
    offers = [
        Offer("x", 1, 0.5, 2.0, Uniform(0.0, 4.0)),
        Offer("y", 1, 1.0, 1.0, Uniform(0.0, 4.0)),
        Offer("z", 1, 1.0, 3.0, Uniform(0.0, 4.0)),
    ]
    options = StarOptions(reserve=reserve)
    assert gain_from_bidding(myopic_as_printed, workflow, offers, "y", 1.0, options) == 7.0
    assert gain_from_bidding(myopic_as_printed, workflow, offers, "y", 2.5, options) == 12.0


@given(auction=auctions(graph="chain", most_nodes=1))
@examples(100)
def test_one_node_is_sold_to_the_lowest_bid(auction: Auction):
    outcome = myopic_as_printed(auction.workflow, auction.offers, auction.options())
    (node,) = auction.workflow.nodes
    able = [
        offer
        for offer in auction.offers
        if (offer.provider in node.capable if node.capable else offer.tier >= node.difficulty)
    ]
    assert outcome.allocation == {node.id: min(able, key=lambda offer: offer.bid).provider}
