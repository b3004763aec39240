"""Best response to the last round: Cournot's dynamics, from what a provider may see.

Source: Cournot, "Recherches sur les principes mathématiques de la théorie des richesses" (1838),
chapter 7: everyone answers best to what the others did last.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agents.params import Params
from agents.strategy.role import Draw, Report
from agents.strategy.stationary import Truthful


class BestResponse(Params):
    """Reports what would have been best in the last round, as far as that is known.

    Where it is paid what it asks, that is the highest bid that would have won the same jobs. Where
    it is not, or where it won nothing and does not know why, that is the truth.
    """

    kind: Literal["best_response"] = "best_response"
    most: float = Field(10.0, ge=1, le=1000)
    """The highest bid over the cost; the lowest is the cost."""

    def start(self, who: str = "") -> BestResponder:
        """A participant's reporter, which has heard of no round yet."""
        return BestResponder(self.most)

    def without_feedback(self) -> Truthful:
        """The truth: nothing better is known, and there is nothing better where it is dominant."""
        return Truthful()


class BestResponder:
    """One who answers to the last round; it keeps one number."""

    def __init__(self, most: float):
        self._most = most
        self._highest: float | None = None

    def report(self, draw: Draw) -> Report:
        """The highest factor that it has heard of since its last report, or the truth."""
        highest, self._highest = self._highest, None
        return Report(1.0 if highest is None else min(self._most, max(1.0, highest)))

    def learn(self, report: Report, utility: float) -> None:
        """What a report brought in the end is old news."""

    def hear(self, highest: float | None) -> None:
        """Remember it for the next report."""
        self._highest = highest
