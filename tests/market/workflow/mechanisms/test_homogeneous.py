from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from market.errors import BadInput, Infeasible
from market.workflow import Edge, Offer, StarOptions, Uniform, Workflow
from market.workflow.mechanisms import Purchase, homogeneous
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


def test_the_cheapest_of_those_that_can_do_all_is_paid_the_second_score():
    # Only y and z can edit. Nothing is sent from one to the other, so that everything is 2e6
    # tokens: y scores 2 * 2 = 4, z 2.5 * 2 = 5, and y is paid z's 5.
    assert homogeneous(CHAIN, [X, Y, Z]) == Purchase(
        allocation={"draft": "y", "edit": "y"}, quantities={"y": 2e6}, payments_usd={"y": 5.0}
    )


def test_scores_compare_what_each_would_need():
    # a reads 1e6 tokens three times over; output is 3 * (1 + 2) = 9e6 tokens. p needs
    # 9 + 0.5 * 3 = 10.5e6 and scores 21; q needs 9 + 2 * 3 = 15e6 and scores 22.5. q's lower bid
    # loses, and p is paid 22.5.
    p = Offer("p", 1, 0.5, 2.0, Uniform(0.0, 4.0))
    q = Offer("q", 1, 2.0, 1.5, Uniform(0.0, 4.0))
    assert homogeneous(LOOP, [p, q]) == Purchase(
        allocation={"a": "p", "b": "p"}, quantities={"p": 10.5e6}, payments_usd={"p": 22.5}
    )
    printed = StarOptions(charge_entry_input=False)
    assert homogeneous(LOOP, [p, q], printed) == Purchase(
        allocation={"a": "q", "b": "q"}, quantities={"q": 9e6}, payments_usd={"q": 18.0}
    )


def test_the_top_of_the_prior_caps_the_price_unless_there_is_no_reserve():
    low = replace(Y, prior=Uniform(1.0, 2.25))
    assert homogeneous(CHAIN, [low, Z]).payments_usd == {"y": 2.25 * 2}
    assert homogeneous(CHAIN, [low, Z], StarOptions(reserve="none")).payments_usd == {"y": 5.0}


def test_a_lone_provider_is_paid_the_top_of_its_prior():
    assert homogeneous(CHAIN, [X, Y]).payments_usd == {"y": 4.0 * 2}


def test_without_a_reserve_a_lone_provider_has_no_price():
    with pytest.raises(BadInput) as error:
        homogeneous(CHAIN, [X, Y], StarOptions(reserve="none"))
    assert str(error.value) == (
        "options.reserve: expected support_top, since nobody but 'y' is capable of the whole"
        " workflow, got 'none'"
    )


def test_no_provider_for_everything_is_infeasible():
    workflow = Workflow((named("a", 1e6, "x"), named("b", 1e6, "y")), (Edge("a", "b", 1e6),))
    with pytest.raises(Infeasible) as error:
        homogeneous(workflow, [X, Y])
    assert str(error.value) == (
        "no provider is capable of all 2 nodes; 'x' comes closest, but node 'b' needs"
        " one of the providers ['y']"
    )


@given(auction=auctions(), data=st.data())
@examples(300)
def test_no_misreport_gains(auction: Auction, data: st.DataObject):
    offer = auction.offers[data.draw(st.integers(0, len(auction.offers) - 1))]
    args = homogeneous, auction.workflow, auction.offers, offer.provider
    try:
        honest = gain_from_bidding(*args, offer.bid, auction.options())
    except Infeasible:
        assume(False)
    top = offer.prior.high
    scale = 1e-9 * sum(node.output_tokens + node.input_tokens for node in auction.workflow.nodes)
    for lie in [top * step / 12 for step in range(13)]:
        assert gain_from_bidding(*args, lie, auction.options()) <= honest + scale * top / 1e6
