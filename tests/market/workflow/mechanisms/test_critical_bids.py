"""The critical bids of every mechanism, judged by auctions held at bids around them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given

from market.errors import Infeasible
from market.workflow import Offer, Uniform
from market.workflow.mechanisms import MECHANISMS, Rule
from tests.market.workflow.mechanisms.builders import CHAIN, X, Y, Z, work_paid
from tests.strategies import Auction, auctions, examples, ironed_auctions

pytestmark = pytest.mark.parametrize("rule", MECHANISMS.values(), ids=MECHANISMS)


def work_at(rule: Rule, auction: Auction, position: int, bid: float) -> float:
    outcome = rule.buy(auction.workflow, auction.with_bid(position, bid).offers, auction.options())
    return work_paid(outcome).get(auction.offers[position].provider, 0.0)


def assert_complete(rule: Rule, auction: Auction) -> None:
    """Between neighbouring critical bids the work is the same at many bids."""
    try:
        rule.buy(auction.workflow, auction.offers, auction.options())
    except Infeasible:
        assert rule.name == "homogeneous"
        return
    for position, offer in enumerate(auction.offers):
        low, high = offer.prior.low, offer.prior.high
        at_low = auction.with_bid(position, low)
        critical = rule.critical_bids(
            at_low.workflow, at_low.offers, offer.provider, auction.options()
        )
        assert sorted(critical) == list(critical)
        assert all(low <= bid <= high for bid in critical)
        for left, right in pairwise(sorted({low, *critical, high})):
            margin = 1e-6 * (right - left) + 1e-9 * high
            if right - left > 2 * margin:
                inside = np.linspace(left + margin, right - margin, 9).tolist()
                found = {round(work_at(rule, auction, position, bid), 9) for bid in inside}
                assert len(found) == 1, (offer.provider, left, right)


def test_between_them_nothing_changes(rule: Rule):
    @given(auction=auctions(most_nodes=4))
    @examples(60)
    def conforms(auction: Auction):
        assert_complete(rule, auction)

    conforms()


def test_between_them_nothing_changes_under_ironed_priors(rule: Rule):
    @given(auction=ironed_auctions())
    @examples(40)
    def conforms(auction: Auction):
        assert_complete(rule, auction)

    conforms()


def test_of_two_equals_the_bid_of_the_other_is_critical(rule: Rule):
    offers = [Offer(name, 2, 0.5, bid, Uniform(0.0, 4.0)) for name, bid in (("a", 0.0), ("b", 1.0))]
    assert rule.critical_bids(CHAIN, offers, "a") == pytest.approx([1.0])


def test_a_declined_provider_has_none(rule: Rule):
    declined = replace(Y, bid=4.5)
    assert rule.critical_bids(CHAIN, [X, declined, Z], "y") == ()
