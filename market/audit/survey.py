"""What the audits of many markets say together about a mechanism."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from market.audit.report import EXACT, Report, worst_of


@dataclass(frozen=True)
class Survey:
    """One side of a mechanism over many markets.

    Attributes:
        markets: how many had somebody on that side.
        with_regret: in how many of them somebody gains by a misreport.
        largest_relative_regret: the largest regret over the amounts of whoever has it.
        exact: whether every report of everybody was covered.
    """

    markets: int
    with_regret: int
    largest_relative_regret: float
    exact: bool

    @property
    def share_with_regret(self) -> float:
        """The share of markets in which somebody gains by a misreport."""
        return self.with_regret / self.markets if self.markets else 0.0


def survey(reports: Iterable[Report], side: str) -> Survey:
    """Count, over audits of one mechanism, whose lies gain on ``side``."""
    markets = with_regret = 0
    largest, exact = 0.0, True
    for report in reports:
        found = [finding for finding in report.findings if finding.side == side]
        markets += bool(found)
        with_regret += worst_of(found) is not None
        exact = exact and all(finding.method == EXACT for finding in found)
        relative = (finding.regret / finding.scale for finding in found if finding.gains)
        largest = max([largest, *relative])
    return Survey(markets, with_regret, largest, exact)
