from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import BadInput
from market.workflow import Edge, Offer, StarOptions, Uniform, Workflow
from market.workflow.mechanisms import MyopicOutcome, myopic
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


def test_every_node_is_bought_by_itself():
    # The draft takes anyone 1e6 tokens: x at 0.5 beats y at 2, which is also the top of x's prior.
    # The edit takes 1.5e6 cold: y scores 3, z 3.75, which y is paid.
    assert myopic(CHAIN, [X, Y, Z]) == MyopicOutcome(
        allocation={"draft": "x", "edit": "y"},
        quantities={"x": 1e6, "y": 1.5e6},
        payments_usd={"x": 2.0, "y": 3.75},
        cold_quantities={"x": 1e6, "y": 1.5e6},
    )


def test_what_is_bought_cold_may_run_warm():
    # Without x, y drafts as well, for z's 2.5. It is paid for an edit that reads the draft, which
    # it has in its cache: 2.5e6 tokens are bought and 2e6 run.
    assert myopic(CHAIN, [Y, Z]) == MyopicOutcome(
        allocation={"draft": "y", "edit": "y"},
        quantities={"y": 2e6},
        payments_usd={"y": 2.5 + 3.75},
        cold_quantities={"y": 2.5e6},
    )


def test_a_loop_is_bought_with_everything_that_it_passes():
    # a reads its input 3 times and what b feeds back twice: 3 * 1 + 0.5 (3 * 1 + 2 * 2) = 6.5e6
    # for p, 3 + 2 * 7 = 17e6 for q; b: 3 * 2 + 0.5 * 3 = 7.5e6 for p, 6 + 2 * 3 = 12e6 for q.
    # p scores 13 and 15, q 8.5 and 6, which is paid p's scores, but at most 0.75 a token.
    p = Offer("p", 1, 0.5, 2.0, Uniform(0.0, 4.0))
    q = Offer("q", 1, 2.0, 0.5, Uniform(0.0, 0.75))
    assert myopic(LOOP, [p, q]) == MyopicOutcome(
        allocation={"a": "q", "b": "q"},
        quantities={"q": 9e6 + 2 * 3e6},
        payments_usd={"q": 0.75 * 17 + 0.75 * 12},
        cold_quantities={"q": 29e6},
    )
    assert myopic(LOOP, [p, q], StarOptions(reserve="none")).payments_usd == {"q": 13.0 + 15.0}


def test_without_a_reserve_a_node_needs_two_offers():
    with pytest.raises(BadInput) as error:
        myopic(CHAIN, [X, Y], StarOptions(reserve="none"))
    assert str(error.value) == (
        "options.reserve: expected support_top, since nobody but 'y' is capable of node 'edit',"
        " got 'none'"
    )


@given(auction=auctions(), data=st.data())
@examples(300)
def test_no_misreport_gains(auction: Auction, data: st.DataObject):
    offer = auction.offers[data.draw(st.integers(0, len(auction.offers) - 1))]
    args = myopic, auction.workflow, auction.offers, offer.provider
    honest = gain_from_bidding(*args, offer.bid, auction.options())
    top = offer.prior.high
    bought = sum(myopic(auction.workflow, auction.offers).cold_quantities.values())
    for lie in [top * step / 12 for step in range(13)]:
        lies = gain_from_bidding(*args, lie, auction.options())
        assert lies <= honest + 1e-9 * (1 + bought) * top / 1e6


@given(auction=auctions())
@examples(200)
def test_no_more_runs_than_was_bought(auction: Auction):
    outcome = myopic(auction.workflow, auction.offers, auction.options())
    for provider, bought in outcome.cold_quantities.items():
        assert outcome.quantities[provider] <= bought * (1 + 1e-12)


def test_a_provider_that_counts_on_its_cache_gains_from_a_lower_bid():
    # y has the draft to itself. The edit takes 2e6 tokens cold and 1e6 warm. At its cost of 1.2 y
    # loses it to x at 1; at 0.9 it is paid x's 2 and runs it for 1.2, a gain of 0.8. Had it to do
    # the work that it is paid for, 2.4, it would lose 0.4.
    workflow = Workflow(
        (named("draft", 1e6, "y"), named("edit", 1e6, "x", "y")), (Edge("draft", "edit", 1e6),)
    )
    x = Offer("x", 1, 1.0, 1.0, Uniform(0.0, 4.0))
    y = Offer("y", 1, 1.0, 1.2, Uniform(0.0, 4.0))
    honest, lies = myopic(workflow, [x, y]), myopic(workflow, [x, replace(y, bid=0.9)])

    def gain_warm(outcome: MyopicOutcome) -> float:
        return outcome.payments_usd["y"] - 1.2 * outcome.quantities["y"] / 1e6

    assert gain_warm(lies) - gain_warm(honest) == pytest.approx(0.8)
    truth = gain_from_bidding(myopic, workflow, [x, y], "y", 1.2)
    assert gain_from_bidding(myopic, workflow, [x, y], "y", 0.9) - truth == pytest.approx(-0.4)
