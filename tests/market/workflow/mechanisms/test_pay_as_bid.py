import numpy as np
import pytest
from hypothesis import given

from market.workflow import Offer, StarOptions, Uniform
from market.workflow.mechanisms import Purchase, pay_as_bid
from tests.market.workflow.mechanisms.builders import CHAIN, LOOP, X, Y, Z, gain_from_bidding
from tests.strategies import Auction, auctions, examples


@pytest.mark.parametrize("solver", ["elimination", "highs"])
def test_the_cheapest_allocation_at_the_bids_is_paid_its_bids(solver):
    # x drafts for 0.5, y edits 1.5e6 tokens for 3, together 3.5; y alone takes 2e6 for 4.
    assert pay_as_bid(CHAIN, [X, Y, Z], StarOptions(solver=solver)) == Purchase(
        allocation={"draft": "x", "edit": "y"},
        quantities={"x": 1e6, "y": 1.5e6},
        payments_usd={"x": 0.5, "y": 3.0},
    )


def test_bids_decide_and_not_virtual_costs():
    # At the bids p's 2.1 beats q's 2.2; p's virtual cost is 4.2, that of q, whose prior starts at
    # 2, is 2.4. p needs 9 + 0.5 * 3 = 10.5e6 tokens.
    p = Offer("p", 1, 0.5, 2.1, Uniform(0.0, 4.0))
    q = Offer("q", 1, 0.5, 2.2, Uniform(2.0, 4.0))
    assert pay_as_bid(LOOP, [q, p]) == Purchase(
        allocation={"a": "p", "b": "p"}, quantities={"p": 10.5e6}, payments_usd={"p": 2.1 * 10.5}
    )


def test_a_higher_bid_that_still_wins_gains():
    # y's cost is 2, and it edits 1.5e6 tokens up to z's 2.5; at 2.4 it keeps 0.4 * 1.5.
    offers = [X, Y, Z]
    assert gain_from_bidding(pay_as_bid, CHAIN, offers, "y", 2.0) == 0.0
    assert gain_from_bidding(pay_as_bid, CHAIN, offers, "y", 2.4) == pytest.approx(0.6)


@given(auction=auctions(most_nodes=4))
@examples(200)
def test_nobody_else_could_be_paid_less(auction: Auction):
    outcome = pay_as_bid(auction.workflow, auction.offers, auction.options())
    bids = np.array([offer.bid for offer in auction.offers])
    least = float((auction.brute_force().quantities @ bids).min()) / 1e6
    assert sum(outcome.payments_usd.values()) == pytest.approx(least, rel=1e-11, abs=1e-15)
