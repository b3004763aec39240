"""The role of a strategy: what is reported of a private number, and what is learned of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from market.errors import BadInput

#: A draw from [0, 1), keyed by what is reported: the same whenever it is asked for.
Draw = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Report:
    """What a private number is multiplied by, and how that came about.

    ``arm`` is its number among the factors that were open to the reporter, ``chance`` the
    probability with which it was chosen.
    """

    factor: float
    arm: int = 0
    chance: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.factor < math.inf:  # NaN is not, either
            problem = f"expected a factor that is finite and 0 or more, got {self.factor}"
            raise BadInput("a report by a strategy", problem)


class Reporter(Protocol):
    """One participant that reports by a strategy, with all that it has learned so far."""

    def report(self, draw: Draw) -> Report:
        """What to multiply the private number by, this time."""

    def learn(self, report: Report, utility: float) -> None:
        """What a report brought; in any unit, as long as it is always the same.

        Reports may be told late and in any order, each once at most.
        """

    def hear(self, highest: float | None) -> None:
        """What the last clearing says of the next report; only providers hear it, for chat.

        ``highest`` is the highest factor on the private number of now that is known to have won,
        in the last clearing, all that the last report won, and to have been paid as reported. None
        where there is none that is known: nothing was won, or payments do not follow reports.
        """
