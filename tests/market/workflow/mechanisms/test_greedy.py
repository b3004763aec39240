from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import assume, given

from market.workflow import Edge, Empirical, Node, Offer, StarOptions, Uniform, Workflow, star
from market.workflow.mechanisms import GreedyOutcome, greedy
from market.workflow.payments import Breakpoint
from tests.market.workflow.mechanisms.builders import CHAIN, LOOP, X, Y, Z, gain_from_bidding, named
from tests.strategies import Auction, auctions, examples, ironed_auctions

#: y alone can edit, and a draft of x's makes it read 3e6 tokens.
TRAP = Workflow(
    (named("draft", 1e6, "x", "y"), named("edit", 2e6, "y")), (Edge("draft", "edit", 3e6),)
)
TRAP_OFFERS = [
    Offer("x", 1, 0.5, 3.0, Uniform(0.0, 4.0)),
    Offer("y", 1, 1.0, 1.0, Uniform(0.0, 4.0)),
]


def test_a_chain_is_placed_from_its_first_node_on():
    # Virtual costs are x 1, y 3, z 4. x drafts, for 1 against 3 and 4, up to phi = 3, the bid 1.5;
    # STAR would take the draft from it at 0.75. y edits, 1.5 * 3 against 1.5 * 4, up to the bid
    # 2.5. Where it bids more than that, z does.
    assert greedy(CHAIN, [X, Y, Z]) == GreedyOutcome(
        allocation={"draft": "x", "edit": "y"},
        quantities={"x": 1e6, "y": 1.5e6},
        payments_usd={"x": 1.5, "y": 3.75},
        breakpoints={"x": ((1.5, 1e6),), "y": ((2.5, 1.5e6),)},
    )


def test_what_is_fed_back_counts_when_its_second_end_is_placed():
    # Virtual costs are q 2, r 1.5, and a is q's. b at q adds 2 * 6 = 12. At r it adds 1.5 * 6 for
    # output, nothing for a's context at ratio 0, and q's reading of 2 * 2e6 tokens that are fed
    # back, 2 * 0.5 * 4: together 13. In 1e6 tokens, q has 3 + 0.5 * 3 of a and 6 of b. From
    # phi = 2.25 on, the bid 1.125, where 6 phi is 9 + 2 phi, r runs b and q reads 2 more.
    workflow = Workflow(
        (
            replace(LOOP.nodes[0], difficulty=None, capable=frozenset({"q"})),
            replace(LOOP.nodes[1], difficulty=None, capable=frozenset({"q", "r"})),
        ),
        LOOP.edges,
    )
    q = Offer("q", 1, 0.5, 1.0, Uniform(0.0, 4.0))
    r = Offer("r", 1, 0.0, 0.75, Uniform(0.0, 4.0))
    assert greedy(workflow, [q, r]) == GreedyOutcome(
        allocation={"a": "q", "b": "q"},
        quantities={"q": 10.5e6},
        payments_usd={"q": 1.125 * 4 + 4.0 * 6.5},
        breakpoints={"q": ((1.125, 4e6),)},
    )


def test_the_quantity_rises_where_a_parent_is_lost():
    # Honest, y's 2 beats x's 6 for the draft: 1e6 + 2e6 tokens. At phi = 6, the bid 3, it loses
    # the draft and reads 3e6 tokens instead: it has 5e6 up to the top of its prior.
    assert greedy(TRAP, TRAP_OFFERS) == GreedyOutcome(
        allocation={"draft": "y", "edit": "y"},
        quantities={"y": 3e6},
        payments_usd={"y": 3.0 * -2 + 4.0 * 5},
        breakpoints={"y": (Breakpoint(3.0, -2e6),)},
    )
    without = greedy(TRAP, TRAP_OFFERS, StarOptions(reserve="none"))
    assert without.payments_usd == {"y": 3.0 * -2}


def test_a_higher_bid_can_gain():
    # Honest, y is paid 14 for 3e6 tokens that cost it 3. At 3 it is paid 4 * 5 for 5e6 that cost
    # it 5.
    assert gain_from_bidding(greedy, TRAP, TRAP_OFFERS, "y", 1.0) == 11.0
    assert gain_from_bidding(greedy, TRAP, TRAP_OFFERS, "y", 3.0) == 15.0


@pytest.mark.parametrize("high", [3.0, 3.7])
def test_a_tie_at_a_flat_falls_at_the_end_that_the_canonical_order_says(high):
    # Of four costs, the bids above 2 share one virtual cost. x at 1 loses to y, at 2.5, where it
    # reaches them if y is first, so for bids above 2, else not at all. Lengths are not whole, so
    # that it is rounded where the two meet.
    prior = Empirical.of([1.0, 2.0, 2.0, high])
    x, y = Offer("x", 1, 0.3, 1.0, prior), Offer("y", 1, 0.3, 2.5, prior)
    for step in range(1, 60):
        workflow = Workflow((Node("only", step / 7, step / 11, difficulty=1),))
        (quantity,) = greedy(workflow, [x, y]).quantities.values()
        first_wins = greedy(workflow, [x, y]).payments_usd["x"]
        assert first_wins == pytest.approx(high * quantity / 1e6, rel=1e-12)
        second_loses = greedy(workflow, [y, x]).payments_usd["x"]
        assert second_loses == pytest.approx(2.0 * quantity / 1e6, rel=1e-12)


@given(auction=auctions(most_nodes=1))
@examples(200)
def test_one_node_is_bought_as_by_star(auction: Auction):
    assume(auction.workflow.nodes[0].output_tokens > 0)
    inexact = greedy(auction.workflow, auction.offers, auction.options())
    exact = star(auction.workflow, auction.offers, auction.options())
    assert inexact.allocation == exact.allocation
    assert inexact.payments_usd == pytest.approx(exact.payments_usd, rel=1e-12, abs=1e-18)


@given(auction=auctions())
@examples(200)
def test_between_two_breakpoints_the_quantity_is_what_the_steps_say(auction: Auction):
    _agrees_with_its_steps(auction)


@given(auction=ironed_auctions())
@examples(300)
def test_the_bids_of_a_flat_share_the_quantity_that_ties_give_it(auction: Auction):
    _agrees_with_its_steps(auction)


def _agrees_with_its_steps(auction: Auction) -> None:
    honest = greedy(auction.workflow, auction.offers, auction.options())
    for position, offer in enumerate(auction.offers):
        if offer.provider not in honest.quantities:
            continue
        # The payment is bid q(bid) and the integral of q from the bid to the top.
        payment = offer.bid * honest.quantities[offer.provider] / 1e6
        for low, high, quantity in _steps(offer, honest):
            payment += (high - low) * quantity / 1e6
            if high - low > 1e-6 * offer.prior.high:
                there = auction.with_bid(position, (low + high) / 2)
                now = greedy(there.workflow, there.offers, there.options())
                found = now.quantities.get(offer.provider, 0.0)
                assert found == pytest.approx(quantity, rel=1e-9, abs=1e-9)
        assert honest.payments_usd[offer.provider] == pytest.approx(payment, rel=1e-9, abs=1e-15)


def _steps(offer: Offer, outcome: GreedyOutcome) -> Iterator[tuple[float, float, float]]:
    """The pieces from the bid up: where each starts and ends, and the quantity on it."""
    low, quantity = offer.bid, outcome.quantities[offer.provider]
    for point in outcome.breakpoints[offer.provider]:
        yield low, point.bid, quantity
        low, quantity = point.bid, quantity - point.quantity_lost
    yield low, offer.prior.high, quantity
