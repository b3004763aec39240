"""Best response to the last round, in markets that stay as they are and have exact answers."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from agents.chat_bids import ChatBids, ChatWin
from agents.strategy import BestResponse, Strategy, Truthful
from benchmarks.truthfulness.one_round import random_auction
from market import seeding
from market.audit import TOLERANCE, audit_workflow_providers
from market.matching import clear
from market.workflow.mechanisms import MECHANISMS

#: Output-token equivalents that every request is charged for.
TOKENS = 500
#: What other bids come to, nano-USD; costs come to about 100,000.
ASKS = range(80_000, 260_000, 1_500)


@dataclass(frozen=True)
class Seller:
    """The first provider of a small market of chat; nano-USD, all requests of one size."""

    values: np.ndarray
    others: np.ndarray
    capacities: np.ndarray
    cost: float
    payments: str

    def won(self, bid: float) -> ChatWin | None:
        """What a bid in USD per 1e6 tokens wins; everybody else's stays as it is."""
        ask = round(1000 * bid * TOKENS)
        costs = np.column_stack([np.full(len(self.values), ask), self.others])
        found = clear(
            self.values, costs, np.ones(costs.shape, bool), self.capacities, payments=self.payments
        )
        mine = found.match == 0
        received = tuple(found.provider_receives[mine].tolist())
        asked = (ask,) * len(received)
        return ChatWin(asked, received, int(found.largest_prices[0])) if asked else None

    def utility(self, won: ChatWin | None) -> float:
        """Of what it won, nano-USD."""
        if won is None:
            return 0.0
        return sum(won.received_nano) - 1000 * self.cost * TOKENS * len(won.asked_nano)

    def played(self, strategy: Strategy, rounds: int) -> Iterator[tuple[float, ChatWin | None]]:
        """Its bids in a market that repeats itself, and what they win."""
        bids = ChatBids(strategy.start())
        for number in range(rounds):
            bid = bids.next_bid(lambda: 0.5, self.cost)
            won = self.won(bid)
            bids.awarded(
                [f"{number}-{job}" for job in range(len(won.asked_nano) if won else 0)], won
            )
            yield bid, won


def sellers(payments: str, slots: int, count: int = 60) -> list[Seller]:
    """Of random markets with more requests than slots."""
    found = []
    for number in range(count):
        rng = seeding.stream(5, "market", number)
        found.append(
            Seller(
                rng.integers(100_000, 300_000, (7, 3)),
                rng.integers(60_000, 140_000, (7, 2)),
                np.array([slots, 1, 2]),
                0.2 * float(rng.uniform(0.8, 1.2)),
                payments,
            )
        )
    return found


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_paid_its_bid_it_asks_for_the_most_that_keeps_its_jobs(slots: int) -> None:
    raised = 0
    for seller in sellers("client_clarke", slots):
        (truth, first), (bid, second) = seller.played(BestResponse(most=1000), 2)
        if first is None:
            assert (bid, second) == (truth, None)
            continue
        assert second is not None
        assert len(second.asked_nano) == len(first.asked_nano)
        gained = seller.utility(second) - seller.utility(first)
        room = max(0, first.largest_price_nano - 2)
        assert gained == pytest.approx(room * len(first.asked_nano), abs=2 * len(first.asked_nano))
        if first.largest_price_nano:
            raised += 1
            above = seller.won(bid + 4e-6 * 1e3 / TOKENS)
            assert above is None or len(above.asked_nano) < len(first.asked_nano)
    assert raised > 30


def test_with_one_slot_no_other_bid_would_have_been_better() -> None:
    better = 0
    for seller in sellers("client_clarke", 1):
        (_, first), (_, second) = seller.played(BestResponse(most=1000), 2)
        if first is None:
            continue
        best = max(seller.utility(seller.won(1e-3 * ask / TOKENS)) for ask in ASKS)
        assert seller.utility(second) >= best - 2.5
        better += seller.utility(second) > seller.utility(first)
    assert better > 30


def test_in_a_market_that_repeats_itself_it_stays_where_it_is() -> None:
    for seller in sellers("client_clarke", 2, count=20):
        _, (bid, _), *later = seller.played(BestResponse(most=1000), 6)
        assert [again for again, _ in later] == pytest.approx([bid] * 4, rel=1e-4)


def test_paid_by_what_it_adds_it_bids_the_truth_and_nothing_would_have_been_better() -> None:
    won_some = 0
    for seller in sellers("two_sided", 2):
        bids = list(seller.played(BestResponse(), 4))
        assert [bid for bid, _ in bids] == [seller.cost] * 4
        honest = seller.utility(bids[0][1])
        grid = [seller.utility(seller.won(1e-3 * ask / TOKENS)) for ask in ASKS]
        assert honest >= max(grid) - 2.5
        won_some += honest > 0 and min(grid) < honest
    assert won_some > 30


def test_it_never_bids_below_its_cost_nor_above_its_most() -> None:
    for news, factor in ((0.4, 1.0), (1.7, 1.7), (9.0, 2.0), (None, 1.0)):
        responder = BestResponse(most=2.0).start()
        responder.hear(news)
        assert responder.report(lambda: 0.5).factor == factor


def test_news_counts_once() -> None:
    responder = BestResponse().start()
    responder.hear(1.7)
    assert [responder.report(lambda: 0.5).factor for _ in range(2)] == [1.7, 1.0]


@pytest.mark.parametrize(("rule", "gains"), [("star", False), ("pay_as_bid", True)])
def test_for_workflows_the_truth_is_the_best_response_under_star_and_not_if_paid_the_bid(
    rule: str, gains: bool
) -> None:
    assert BestResponse().without_feedback() == Truthful()
    found = []
    for number in range(10):
        auction = random_auction(seeding.stream(9, "auction", number))
        report = audit_workflow_providers(replace(auction, rule=MECHANISMS[rule]))
        found += report.findings
    assert sum(finding.truthful_utility > 0 for finding in found) > 5 or gains
    assert any(finding.regret > TOLERANCE * finding.scale for finding in found) == gains
