import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import BadInput
from market.workflow import (
    Edge,
    Node,
    Offer,
    Prior,
    StarOptions,
    StarOutcome,
    TruncatedLognormal,
    Uniform,
    Workflow,
    star,
)
from tests.strategies import GRAPHS, Auction, auctions, examples, fractions

CHAIN = Workflow(
    (Node("draft", 1e6, difficulty=1), Node("edit", 1e6, difficulty=2)),
    (Edge("draft", "edit", 1e6),),
)
X = Offer("x", 1, 0.5, 0.5, Uniform(0.0, 2.0))
Y = Offer("y", 2, 0.5, 2.0, Uniform(1.0, 4.0))
Z = Offer("z", 2, 0.5, 2.5, Uniform(1.0, 4.0))


def cleared(auction: Auction, **changes: str) -> StarOutcome:
    return star(auction.workflow, auction.offers, auction.options(**changes))


@pytest.mark.parametrize("solver", ["elimination", "highs"])
def test_a_chain_of_two_is_split_at_the_hand_computed_prices(solver):
    # Virtual costs are x 1, y 3, z 4. Draft at x, edit at y: 1 + 3 and 1.5 for the context.
    # x loses the draft where phi + 4.5 reaches y's 6 for both; y loses the edit where 1.5 phi
    # reaches z's 6, at phi = 4, which is the bid 2.5.
    assert star(CHAIN, [X, Y, Z], StarOptions(solver=solver)) == StarOutcome(
        virtual_cost_usd=5.5,
        allocation={"draft": "x", "edit": "y"},
        quantities={"x": 1e6, "y": 1.5e6},
        payments_usd={"x": 0.75, "y": 3.75},
        breakpoints={"x": ((0.75, 1e6),), "y": ((2.5, 1.5e6),)},
        solver=solver,
    )


@pytest.mark.parametrize("solver", ["elimination", "highs"])
def test_work_is_lost_piece_by_piece(solver):
    # y at 1.25 does both for 2 phi = 3. From phi = 2, the bid 1.5, x drafts: y loses 1e6 tokens
    # of output and reads 1e6 tokens of context instead. From the bid 2.5 on z edits.
    offers = [X, Offer("y", 2, 0.5, 1.25, Uniform(1.0, 4.0)), Z]
    outcome = star(CHAIN, offers, StarOptions(solver=solver))
    assert outcome.allocation == {"draft": "y", "edit": "y"}
    assert outcome.breakpoints == {"y": ((1.5, 0.5e6), (2.5, 1.5e6))}
    assert outcome.payments_usd == {"y": 1.5 * 0.5 + 2.5 * 1.5}


def test_a_monopolist_is_paid_the_top_of_its_prior_and_nothing_without_a_reserve():
    assert star(CHAIN, [X, Y]).payments_usd == {"x": 0.75, "y": 4.0 * 1.5}
    assert star(CHAIN, [X, Y]).breakpoints["y"] == ()
    without = star(CHAIN, [X, Y], StarOptions(reserve="none"))
    assert without.payments_usd == {"x": 0.75, "y": 0.0}


def test_a_declined_bid_changes_nothing():
    high = Offer("high", 2, 0.0, 4.5, Uniform(1.0, 4.0))
    assert star(CHAIN, [high, X, Y, Z]) == star(CHAIN, [X, Y, Z])


def test_of_equal_offers_the_first_wins_and_is_paid_its_bid():
    twin = Offer("twin", 2, 0.5, 2.0, Uniform(1.0, 4.0))
    for first, second in ((Y, twin), (twin, Y)):
        outcome = star(CHAIN, [X, first, second])
        assert outcome.allocation["edit"] == first.provider
        assert outcome.payments_usd[first.provider] == 2.0 * 1.5


def test_the_input_of_entry_nodes_is_charged_unless_switched_off():
    workflow = Workflow((Node("only", 1e6, 2e6, difficulty=1),))
    assert star(workflow, [X]).quantities == {"x": 2e6}
    printed = StarOptions(charge_entry_input=False)
    assert star(workflow, [X], printed).quantities == {"x": 1e6}


def test_a_free_workflow_is_cleared():
    workflow = Workflow((Node("a", 0.0, difficulty=1), Node("b", 0.0, difficulty=1)))
    outcome = star(workflow, [X, Y])
    assert outcome.allocation == {"a": "x", "b": "x"}
    assert outcome.payments_usd == {"x": 0.0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"workload": "omega"},
            "options.workload: expected one of cost_bearing, published; got 'omega'",
        ),
        (
            {"payment_method": "newton"},
            "options.payment_method: expected one of exact, bisection; got 'newton'",
        ),
        ({"reserve": "max"}, "options.reserve: expected one of support_top, none; got 'max'"),
        ({"charge_entry_input": 1}, "options.charge_entry_input: expected true or false, got 1"),
    ],
)
def test_unknown_options_are_refused_with_the_choices(change, message):
    with pytest.raises(BadInput) as error:
        StarOptions(**change)
    assert str(error.value) == message


def test_a_provider_may_offer_once():
    with pytest.raises(BadInput, match=r"providers\.2\.id: duplicate id 'x'"):
        star(CHAIN, [X, Y, X])


@pytest.mark.parametrize("solver", ["elimination", "highs"])
@pytest.mark.parametrize("graph", GRAPHS)
def test_payments_are_those_of_the_brute_force_envelope(graph: str, solver: str):
    @given(auction=auctions(graph=graph, most_nodes=4))
    @examples(120)
    def agree(auction: Auction):
        every = auction.brute_force()
        outcome = cleared(auction, solver=solver)
        assert outcome.virtual_cost_usd == pytest.approx(every.least_cost_usd(), rel=1e-11)
        for i, offer in enumerate(auction.offers):
            if offer.provider not in outcome.quantities:
                continue
            quantity = every.quantity(outcome.allocation, i)
            assert outcome.quantities[offer.provider] == pytest.approx(quantity, rel=1e-12)
            payment = outcome.payments_usd[offer.provider]
            expected = every.payment_usd(i, quantity)
            assert payment == pytest.approx(expected, rel=1e-9, abs=1e-15)

    agree()


@given(auction=auctions())
@examples(200)
def test_without_a_reserve_only_lost_work_is_paid(auction: Auction):
    with_reserve, without = cleared(auction), cleared(auction, reserve="none")
    tops = {offer.provider: offer.prior.high for offer in auction.offers}
    assert without.breakpoints == with_reserve.breakpoints
    for provider, points in without.breakpoints.items():
        lost = sum(point.quantity_lost for point in points)
        retained = without.quantities[provider] - lost
        paid_at_top = with_reserve.payments_usd[provider] - without.payments_usd[provider]
        assert paid_at_top == pytest.approx(tops[provider] * retained / 1e6, rel=1e-9, abs=1e-15)


@given(auction=auctions())
@examples(200)
def test_winners_are_paid_at_least_their_bid_and_losers_nothing(auction: Auction):
    outcome = cleared(auction)
    assert set(outcome.payments_usd) == set(outcome.allocation.values())
    for offer in auction.offers:
        if offer.provider in outcome.payments_usd:
            cost = offer.bid * outcome.quantities[offer.provider] / 1e6
            assert outcome.payments_usd[offer.provider] >= cost * (1 - 1e-12)


@given(auction=auctions(), part=fractions, data=st.data())
@examples(300)
def test_the_quantity_never_rises_with_the_bid(auction: Auction, part: float, data: st.DataObject):
    position = data.draw(st.integers(0, len(auction.offers) - 1))
    offer = auction.offers[position]
    higher = offer.bid + part * (offer.prior.high - offer.bid)
    now = cleared(auction).quantities.get(offer.provider, 0.0)
    later = cleared(auction.with_bid(position, higher)).quantities.get(offer.provider, 0.0)
    if higher > offer.bid:
        assert later <= now * (1 + 1e-12)


@given(auction=auctions(), data=st.data())
@examples(500)
def test_no_misreport_gains(auction: Auction, data: st.DataObject):
    position = data.draw(st.integers(0, len(auction.offers) - 1))
    offer = auction.offers[position]
    honest = cleared(auction)
    lies = [data.draw(fractions) * offer.prior.high, data.draw(st.floats(0, 2)) * offer.bid]
    for point in honest.breakpoints.get(offer.provider, ()):
        lies += [np.nextafter(point.bid, 0), np.nextafter(point.bid, np.inf)]

    def gain(outcome: StarOutcome) -> float:
        cost = offer.bid * outcome.quantities.get(offer.provider, 0.0) / 1e6
        return outcome.payments_usd.get(offer.provider, 0.0) - cost

    truth = gain(honest)
    scale = honest.virtual_cost_usd + sum(honest.payments_usd.values())
    for lie in lies:
        if lie <= offer.prior.high:
            assert gain(cleared(auction.with_bid(position, lie))) <= truth + 1e-9 * scale


@pytest.mark.parametrize("solver", ["elimination", "highs"])
@pytest.mark.parametrize("tokens", [1e3, 1e5, 1e8])
def test_whoever_has_no_rival_and_a_huge_virtual_cost_does_not_drown_the_others(solver, tokens):
    # mono's bid lies 30 deviations above its median: its virtual cost is the largest there may be.
    workflow = Workflow(
        (
            Node("alone", tokens, capable=frozenset(["mono"])),
            Node("contested", 1000.0, capable=frozenset(["p1", "p2"])),
        ),
        (Edge("alone", "contested", 100.0),),
    )

    def paid(prior: Prior) -> float:
        offers = [
            Offer("mono", 1, 0.25, 2.7, prior),
            Offer("p1", 1, 0.5, 1.0, Uniform(0.5, 2.0)),
            Offer("p2", 1, 0.5, 1.2, Uniform(0.5, 2.0)),
        ]
        return star(workflow, offers, StarOptions(solver=solver)).payments_usd["p1"]

    # p1 loses its 1,050 tokens at p2's bid
    assert paid(Uniform(0.3, 2.8)) == pytest.approx(1.2 * 1050 / 1e6, rel=1e-12)
    assert paid(TruncatedLognormal(0.5, 0.05, 0.3, 2.8)) == paid(Uniform(0.3, 2.8))
