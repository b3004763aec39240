"""A provider's bids for chat, what each of them earned, and how far it could have gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.strategy.role import Draw, Report, Reporter

#: Asks are rounded to nano-USD, and at a tie the job may go elsewhere.
_CLEARANCE_NANO = 2


@dataclass(frozen=True, slots=True)
class ChatWin:
    """What a provider is told of a clearing that its last bid won jobs in.

    Attributes:
        asked_nano: what its bid came to, by job.
        received_nano: what it receives, by job.
        largest_price_nano: the largest price of its own slots, as its hub published it: what one
            slot less of its would take from the market.
    """

    asked_nano: tuple[int, ...]
    received_nano: tuple[int, ...]
    largest_price_nano: int

    def highest_bid(self, bid: float) -> float | None:
        """The highest bid known to have won as many jobs as ``bid`` did, and to have been paid.

        Whoever is paid what it asks could have asked for up to the largest price more, and
        each of its slots would still have been worth it. That is exact where all requests ask for
        the same number of tokens, and an estimate by the largest of its jobs where they differ.
        While a slot is free the price is zero, and no higher bid than its own is known to win.
        None where it is paid more than it asks: then its payment does not follow its bid.
        """
        if self.received_nano != self.asked_nano:
            return None
        room_nano = max(0, self.largest_price_nano - _CLEARANCE_NANO)
        return bid * (1 + room_nano / max(1, *self.asked_nano))


@dataclass(slots=True)
class _Bid:
    """A bid under which ``unfinished`` jobs are still to be done."""

    report: Report
    usd_per_mtok: float
    unfinished: int = 0
    profit_nano: int = 0


class ChatBids:
    """One bid a round, told to the reporter once all that it won is done.

    What a bid earns is the profit of all jobs that are awarded under it, until the next; where
    there are none, nothing. Only bids with unfinished jobs are remembered.
    """

    def __init__(self, reporter: Reporter):
        self._reporter = reporter
        self._last: _Bid | None = None
        self._highest: float | None = None
        self._bid_of: dict[str, _Bid] = {}

    def next_bid(self, draw: Draw, cost: float) -> float:
        """The next bid of one whose ``cost`` is that, both in USD per 1e6 output tokens."""
        self._reporter.hear(None if self._highest is None else self._highest / cost)
        report = self._reporter.report(draw)
        self._last = _Bid(report, cost * report.factor)
        return self._last.usd_per_mtok

    def awarded(self, requests: Sequence[str], won: ChatWin | None) -> None:
        """All that the last bid won; ``won`` is None where it won nothing by its amount."""
        if self._last is None:
            return
        if not requests:
            self._reporter.learn(self._last.report, 0)
        self._last.unfinished = len(requests)
        self._bid_of.update(dict.fromkeys(requests, self._last))
        self._highest = None if won is None else won.highest_bid(self._last.usd_per_mtok)

    def missed(self) -> None:
        """The last bid was in no clearing: nothing is known of what would have won."""
        self._highest = None

    def done(self, request: str, profit_nano: int) -> None:
        """A job that a bid won is done, or has failed."""
        bid = self._bid_of.pop(request, None)
        if bid is None:  # it came before the first bid
            return
        bid.profit_nano += profit_nano
        bid.unfinished -= 1
        if not bid.unfinished:
            self._reporter.learn(bid.report, bid.profit_nano)
