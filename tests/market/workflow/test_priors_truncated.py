import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import truncnorm

from market.workflow import Node, Offer, TruncatedLognormal, TruncatedNormal, Workflow, star
from market.workflow.priors.truncated import MAX_MARKUP, normal_ratio
from tests.strategies import Auction, auctions, examples, smooth_priors

NODES, WEIGHTS = np.polynomial.legendre.leggauss(40)


def ratio_by_quadrature(z: float, width: float) -> float:
    """The integral of exp(z s - s^2 / 2) over [0, width], on 400 pieces."""
    ends = np.linspace(0, width, 401)
    half, middle = np.diff(ends)[:, None] / 2, (ends[1:] + ends[:-1])[:, None] / 2
    s = middle + half * NODES
    return float((np.exp(z * s - s * s / 2) * WEIGHTS * half).sum())


@given(z=st.floats(-40, 25), width=st.floats(-9, 1.2).map(lambda power: 10**power))
@examples(500)
def test_the_ratio_is_that_of_quadrature_wherever_it_is_evaluated(z: float, width: float):
    expected = ratio_by_quadrature(z, width)
    assert normal_ratio(z, width) == pytest.approx(expected, rel=3e-15 * (1 + z * z))


@pytest.mark.parametrize(
    ("z", "width", "ratio"),
    [
        (0.0, math.inf, math.sqrt(math.pi / 2)),
        (-1e9, math.inf, 1e-9),
        (1e-300, 1e-300, 1e-300),
        (60.0, 70.0, math.inf),
        (1e9, 1e9, math.inf),
        (1e9, 1e-12, 1e-12 * (math.exp(1e-3) - 1) / 1e-3),
    ],
)
def test_the_ratio_far_out(z, width, ratio):
    assert normal_ratio(z, width) == pytest.approx(ratio, rel=1e-12)


def distribution(prior: TruncatedNormal | TruncatedLognormal, cost: float) -> float:
    """F(cost), by scipy."""
    if isinstance(prior, TruncatedNormal):
        low, high, at = ((x - prior.mean) / prior.deviation for x in (prior.low, prior.high, cost))
    else:
        low, high, at = (
            math.log(x / prior.median) / prior.sigma if x > 0 else -math.inf
            for x in (prior.low, prior.high, cost)
        )
    return float(truncnorm.cdf(at, low, high))


@given(prior=smooth_priors(), part=st.floats(0.05, 0.95))
@examples(300)
def test_the_virtual_cost_is_that_of_numeric_differentiation(prior, part):
    bid = prior.low + part * (prior.high - prior.low)
    step = 1e-4 * (bid - prior.low)
    below, above = distribution(prior, bid - step), distribution(prior, bid + step)
    at = distribution(prior, bid)
    if at < 1e-100 or above - below < 1e-9 * at:  # too flat for a difference of floats
        return
    rent = at * 2 * step / (above - below)
    assert prior.virtual_cost(bid) - bid == pytest.approx(rent, rel=1e-3)


@given(prior=smooth_priors(), part=st.floats(0.001, 0.999), step=st.floats(1e-3, 1))
@examples(500)
def test_both_are_regular_and_rise_at_least_as_fast_as_the_bid(prior, part, step):
    width = prior.high - prior.low
    bid = prior.low + part * width
    later = min(bid + step * width, prior.high)
    if prior.virtual_cost(later) < MAX_MARKUP * prior.high:
        rise = prior.virtual_cost(later) - prior.virtual_cost(bid)
        assert rise >= (later - bid) - 1e-12 * prior.virtual_cost(later)


@given(prior=smooth_priors(), part=st.floats(0.001, 1))
@examples(300)
def test_the_inverse_is_exact_to_the_last_float(prior, part):
    virtual_cost = prior.virtual_cost(prior.low + part * (prior.high - prior.low))
    bid = prior.bid_at(virtual_cost)
    assert prior.virtual_cost(bid) >= virtual_cost
    assert prior.virtual_cost(math.nextafter(bid, 0)) < virtual_cost


def test_near_the_lowest_cost_the_prior_looks_uniform():
    for prior in (TruncatedNormal(30.0, 1.0, 1.0, 40.0), TruncatedLognormal(9.0, 2.0, 1.0, 40.0)):
        for step in (1e-12, 1e-9, 1e-6):
            bid = 1.0 + step
            assert prior.virtual_cost(bid) - bid == pytest.approx(bid - 1.0, rel=1e-4)


def test_a_wide_normal_is_nearly_uniform():
    prior = TruncatedNormal(2.0, 1e6, 1.0, 3.0)
    assert prior.virtual_cost(2.5) == pytest.approx(4.0, rel=1e-9)


def test_far_above_the_mean_the_virtual_cost_is_finite():
    for prior in (TruncatedNormal(1.0, 0.01, 0.0, 4.0), TruncatedLognormal(1.0, 0.01, 0.0, 4.0)):
        assert prior.virtual_cost(4.0) == 4.0 * MAX_MARKUP
        assert prior.flats == (4.0 * MAX_MARKUP,)


def test_the_payment_is_the_bid_that_reaches_the_rivals_virtual_cost():
    prior = TruncatedNormal(1.0, 0.5, 0.0, 2.0)
    workflow = Workflow((Node("n", 1e6, difficulty=1),))
    offers = [Offer("p", 1, 0.5, 0.5, prior), Offer("rival", 1, 0.5, 1.25, prior)]
    assert star(workflow, offers).payments_usd == {"p": pytest.approx(1.25, rel=1e-12)}


@st.composite
def smooth_offer_lists(draw: st.DrawFn) -> tuple[Offer, ...]:
    offers = []
    for position in range(draw(st.integers(2, 4))):
        prior = draw(smooth_priors())
        bid = prior.low + draw(st.floats(0, 1)) * (prior.high - prior.low)
        ratio = draw(st.sampled_from([0.0, 0.5, 1.0]))
        offers.append(Offer(f"p{position}", draw(st.integers(1, 3)), ratio, bid, prior))
    return tuple(offers)


@given(
    auction=auctions(
        most_nodes=4, offer_lists=smooth_offer_lists(), tokens=st.integers(1, 6).map(float)
    ),
    parts=st.lists(st.floats(0, 1), min_size=8, max_size=8),
)
@examples(200)
def test_no_misreport_gains(auction: Auction, parts: list[float]):
    def cleared(auction: Auction):
        return star(auction.workflow, auction.offers, auction.options())

    honest = cleared(auction)
    for position, offer in enumerate(auction.offers):

        def gain(outcome, offer=offer):
            cost = offer.bid * outcome.quantities.get(offer.provider, 0.0) / 1e6
            return outcome.payments_usd.get(offer.provider, 0.0) - cost

        scale = sum(honest.payments_usd.values())
        for part in parts:
            lie = part * offer.prior.high
            assert gain(cleared(auction.with_bid(position, lie))) <= gain(honest) + 1e-9 * scale
