"""How long a trial lasts."""

from __future__ import annotations

from pydantic import Field

from agents.params import Params


class Timing(Params):
    """How long a trial lasts."""

    rounds: int = Field(ge=1, le=10_000_000)
    """Rounds in which demand arrives."""
    round_s: float = Field(1.0, gt=0, le=1e6)
    """Seconds of a round; the market clears at its end."""
    drain_rounds: int = Field(600, ge=20, le=10_000_000)
    """The most rounds more that a trial takes to finish what is under way."""

    @property
    def horizon_s(self) -> float:
        """Nothing arrives after it."""
        return self.rounds * self.round_s

    @property
    def longest_s(self) -> float:
        """No trial is longer."""
        return (self.rounds + self.drain_rounds) * self.round_s
