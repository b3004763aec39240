"""Payments where many bids share one virtual cost: which side of a tie is paid at which end."""

import math
from itertools import pairwise

import pytest
from hypothesis import given

from market.workflow import (
    Empirical,
    Node,
    Offer,
    StarOptions,
    StarOutcome,
    TruncatedNormal,
    Uniform,
    Workflow,
    star,
)
from tests.oracles import BruteForceWorkflow, ironed_virtual_cost
from tests.strategies import Auction, examples, ironed_auctions

#: The hull's slopes are 1 at the bid 1, (18 - 1) / 2 = 8.5 from there to 6, and 22 up to 10.
IRREGULAR = Empirical.of([1.0, 5.0, 6.0, 10.0])
ONE = Workflow((Node("n", 1e6, difficulty=1),))
TWO = Workflow(
    (
        Node("early", 1e6, capable=frozenset({"rival", "p"})),
        Node("late", 1e6, capable=frozenset({"p", "other"})),
    )
)


def offer(provider: str, bid: float, prior: object = IRREGULAR) -> Offer:
    return Offer(provider, 1, 0.5, bid, prior)


def test_a_tie_that_is_lost_is_paid_at_the_left_end_of_the_flat():
    outcome = star(ONE, [offer("rival", 3.0), offer("p", 0.5)])
    assert outcome.breakpoints == {"p": ((1.0, 1e6),)}
    assert outcome.payments_usd == {"p": 1.0}


def test_a_tie_that_is_won_is_paid_at_the_right_end_of_the_flat():
    for bid in (0.5, 1.0, 1.5, 3.0, 6.0):
        outcome = star(ONE, [offer("p", bid), offer("rival", 3.0)])
        assert outcome.breakpoints == {"p": ((6.0, 1e6),)}
        assert outcome.payments_usd == {"p": 6.0}


def test_at_one_flat_work_can_be_lost_at_both_ends():
    rivals = {"rival": offer("rival", 3.0), "other": offer("other", 4.0)}
    before = star(TWO, [rivals["rival"], offer("p", 0.5), rivals["other"]])
    assert before.breakpoints == {"p": ((1.0, 1e6), (6.0, 1e6))}
    assert before.payments_usd == {"p": 7.0}
    inside = star(TWO, [rivals["rival"], offer("p", 2.0), rivals["other"]])
    assert inside.allocation == {"early": "rival", "late": "p"}
    assert inside.breakpoints["p"] == ((6.0, 1e6),)
    assert inside.payments_usd["p"] == 6.0


def test_drops_of_different_virtual_costs_at_one_jump_are_one_breakpoint():
    rivals = [offer("rival", 10.0, Uniform(0.0, 10.0)), offer("other", 9.0, Uniform(0.0, 10.0))]
    outcome = star(TWO, [offer("p", 2.0), *rivals])
    assert outcome.breakpoints["p"] == ((6.0, 2e6),)


def test_a_tie_at_the_top_flat_is_kept_and_paid_by_the_reserve_only():
    offers = [offer("p", 7.0), offer("rival", 9.0)]
    assert star(ONE, offers).payments_usd == {"p": 10.0}
    assert star(ONE, offers).breakpoints == {"p": ()}
    assert star(ONE, offers, StarOptions(reserve="none")).payments_usd == {"p": 0.0}


def test_virtual_costs_cut_at_the_largest_are_a_flat():
    prior = TruncatedNormal(1.0, 0.1, 0.0, 4.0)
    (largest,) = prior.flats
    left = prior.bid_at(largest)
    assert 1.0 < left < 3.0
    offers = [offer("p", 0.9, prior), offer("rival", 3.0, prior)]
    assert star(ONE, offers).payments_usd == {"p": 4.0}
    assert star(ONE, offers[::-1]).payments_usd == {"p": left}


def integral(every: BruteForceWorkflow, provider: int) -> float:
    """The integral of the quantity over the bid, up to the top of an empirical prior.

    Below the lowest sample the virtual cost is the bid, and the area the rise of the least cost.
    From there on the quantity is constant between samples: it is that of any bid in between.
    """
    offer = every.offers[provider]
    prior = offer.prior
    lowest = min(prior.samples)
    area, reached = 0.0, offer.bid
    if offer.bid < lowest:
        rise = every.least_cost_usd({provider: lowest}) - every.least_cost_usd()
        area, reached = rise * 1e6, lowest
    for end in sorted({*prior.samples, prior.high}):
        if end > reached:
            price = ironed_virtual_cost(prior.samples, prior.high, (reached + end) / 2)
            area += (end - reached) * every.canonical_quantity(provider, float(price))
            reached = end
    return area


def cleared(auction: Auction, **changes: str) -> StarOutcome:
    return star(auction.workflow, auction.offers, auction.options(**changes))


@given(auction=ironed_auctions())
@examples(600)
def test_payments_are_the_integral_of_the_quantity_over_the_bid(auction: Auction):
    every = auction.brute_force()
    outcome = cleared(auction)
    without = cleared(auction, reserve="none")
    for i, bidder in enumerate(auction.offers):
        quantity = every.canonical_quantity(i, every.prices[i])
        assert outcome.quantities.get(bidder.provider, 0.0) == quantity
        if quantity == 0 or not isinstance(bidder.prior, Empirical):
            continue
        payment = bidder.bid * quantity + integral(every, i)
        assert outcome.payments_usd[bidder.provider] * 1e6 == pytest.approx(payment, rel=1e-12)
        retained = quantity
        if bidder.bid < bidder.prior.high:
            retained = every.canonical_quantity(i, bidder.top_virtual_cost)
        lost_only = payment - bidder.prior.high * retained
        assert without.payments_usd[bidder.provider] * 1e6 == pytest.approx(
            lost_only, rel=1e-12, abs=1e-12 * payment
        )
        assert without.breakpoints == outcome.breakpoints


def grid(prior: Empirical) -> list[float]:
    """Bids on either side of every end of a step, between them, and below them all."""
    ends = sorted({*prior.samples, prior.low, prior.high})
    between = [(a + b) / 2 for a, b in pairwise(ends)]
    beside = [math.nextafter(end, side) for end in ends for side in (0.0, math.inf)]
    return [0.0, ends[0] / 2, *between, *(bid for bid in [*ends, *beside] if bid <= prior.high)]


def gain(outcome: StarOutcome, bidder: Offer) -> float:
    paid = outcome.payments_usd.get(bidder.provider, 0.0) * 1e6
    return paid - bidder.bid * outcome.quantities.get(bidder.provider, 0.0)


@given(auction=ironed_auctions())
@examples(300)
def test_no_misreport_gains_whatever_is_ironed(auction: Auction):
    honest = cleared(auction)
    for i, bidder in enumerate(auction.offers):
        if isinstance(bidder.prior, Empirical):
            truth = gain(honest, bidder)
            assert truth >= 0
            for lie in grid(bidder.prior):
                told = cleared(auction.with_bid(i, lie))
                assert gain(told, bidder) <= truth + 1e-9 * abs(truth)
