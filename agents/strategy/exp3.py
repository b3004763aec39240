"""EXP3: exponential weights on bandit feedback.

Source: Auer, Cesa-Bianchi, Freund and Schapire, "The Nonstochastic Multiarmed Bandit Problem"
(SIAM Journal on Computing 32(1), 2002), Sec. 3.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate
from typing import Annotated, Literal

from pydantic import Field, field_validator

from agents.params import Params
from agents.strategy.role import Draw, Report
from agents.strategy.stationary import Truthful

_Factor = Annotated[float, Field(ge=0.001, le=1000)]


class NoRegret(Params):
    """Learns which factor brings the most, from what its own reports brought alone.

    Nothing is forgotten: after a change of the market it takes as long to learn anew as it took to
    learn before.
    """

    kind: Literal["no_regret"] = "no_regret"
    factors: Annotated[tuple[_Factor, ...], Field(min_length=2, max_length=100)] = (
        0.7,
        0.85,
        1.0,
        1.2,
        1.5,
    )
    """The factors on the private number that it chooses among."""
    rate: float | None = Field(None, gt=0, le=1)
    """The share of reports that explores, the paper's gamma. Null: it falls with their number, so
    that regret vanishes without a horizon known beforehand."""

    @field_validator("factors")
    @classmethod
    def _different(cls, factors: tuple[float, ...]) -> tuple[float, ...]:
        for factor in factors:
            if factors.count(factor) > 1:
                raise ValueError(f"expected different factors, got {factor:g} again")
        return factors

    def start(self, who: str = "") -> Exp3:
        """A participant's reporter, which knows nothing yet, whoever it is."""
        return Exp3(self.factors, self.rate)

    def without_feedback(self) -> Truthful:
        """The truth: there is nothing to learn from."""
        return Truthful()


class Exp3:
    """One learner. It keeps one number for each factor, and two more.

    After t reports on K factors, factor a is chosen with probability
    ``(1 - rate) * w_a / sum(w) + rate / K``, where ``w_a = exp(rate / K * G_a / scale)`` and G_a
    adds up utility over chance for whatever factor a has brought: an unbiased estimate of what it
    would have brought, had it always been chosen. By default
    ``rate = min(1, sqrt(K ln K / ((e - 1) t)))``, that of Corollary 3.2 for the reports so far.

    The paper's gains are in [0, 1]. A utility u is (1 + u / scale) / 2 there, where the scale is
    the greatest size of any utility so far, and weights move by twice what a gain exceeds 1/2,
    which is u / scale: what is taken off all factors alike changes no comparison, and a report that
    brought nothing moves no weight. All G_a are scaled anew when the scale grows, so that the
    unit of utility makes no difference.
    """

    def __init__(self, factors: tuple[float, ...], rate: float | None):
        self._factors = factors
        self._rate = rate
        self._totals = [0.0] * len(factors)
        self._scale = 0.0
        self._reports = 0

    def report(self, draw: Draw) -> Report:
        """Choose a factor by a uniform ``draw`` from [0, 1)."""
        self._reports += 1
        chances = self.chances()
        ends = list(accumulate(chances[:-1]))
        arm = bisect_right(ends, draw())
        return Report(self._factors[arm], arm, chances[arm])

    def learn(self, report: Report, utility: float) -> None:
        """Credit the factor of a report with what it brought, the more the rarer it is chosen."""
        self._scale = max(self._scale, abs(utility))
        self._totals[report.arm] += utility / report.chance

    def hear(self, highest: float | None) -> None:
        """Only what its own reports brought is counted."""

    def chances(self) -> list[float]:
        """The probability of every factor now, in their order."""
        explore = self._exploration()
        count, scale, best = len(self._factors), self._scale or 1.0, max(self._totals)
        weights = [math.exp(explore / count * ((one - best) / scale)) for one in self._totals]
        total = sum(weights)
        return [(1 - explore) * weight / total + explore / count for weight in weights]

    def _exploration(self) -> float:
        if self._rate is not None:
            return self._rate
        count, reports = len(self._factors), max(1, self._reports)
        return min(1.0, math.sqrt(count * math.log(count) / ((math.e - 1) * reports)))
