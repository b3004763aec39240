"""A provider's bids for chat, and what each of them earned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.strategy.role import Draw, Report, Reporter


@dataclass(slots=True)
class _Bid:
    """A bid under which ``unfinished`` jobs are still to be done."""

    report: Report
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
        self._bid_of: dict[str, _Bid] = {}

    def next_factor(self, draw: Draw) -> float:
        """What to multiply the cost by in the next bid."""
        self._last = _Bid(self._reporter.report(draw))
        return self._last.report.factor

    def awarded(self, requests: Sequence[str]) -> None:
        """All that the last bid won."""
        if self._last is None:
            return
        if not requests:
            self._reporter.learn(self._last.report, 0)
        self._last.unfinished = len(requests)
        self._bid_of.update(dict.fromkeys(requests, self._last))

    def done(self, request: str, profit_nano: int) -> None:
        """A job that a bid won is done, or has failed."""
        bid = self._bid_of.pop(request, None)
        if bid is None:  # it came before the first bid
            return
        bid.profit_nano += profit_nano
        bid.unfinished -= 1
        if not bid.unfinished:
            self._reporter.learn(bid.report, bid.profit_nano)
