"""The price of electricity: common knowledge that moves every provider's cost (STAR, App. D.2)."""

from __future__ import annotations

import math

from pydantic import Field

from agents.params import Params


class Electricity(Params):
    """A daily cycle: the factor 1 + beta * E(t), with E(t) = (1 + sin(2 pi (t - 8) / 24)) / 2."""

    beta: float = Field(1.5, ge=0, le=100)
    """The most that electricity adds to a cost, as a share of it; 0: it moves nothing."""
    day_s: float = Field(86_400.0, ge=1e-6, le=1e12)
    """Seconds of trial time that make a day."""
    start_hour: float = Field(8.0, ge=0, le=24)
    """The hour of the day at time 0."""

    def factor(self, time_s: float) -> float:
        """The factor on every cost at ``time_s``."""
        hour = self.start_hour + 24 * time_s / self.day_s
        return 1 + self.beta * 0.5 * (1 + math.sin(2 * math.pi * (hour - 8) / 24))
