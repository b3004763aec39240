"""How long a trial lasts."""

from __future__ import annotations

from pydantic import Field

from agents.params import Params


class Timing(Params):
    """``rounds`` rounds of ``round_s`` seconds, in which demand arrives, and the drain after them.

    A trial drains for at most ``drain_rounds`` more.
    """

    rounds: int = Field(ge=1, le=10_000_000)
    round_s: float = Field(1.0, gt=0, le=1e6)
    drain_rounds: int = Field(600, ge=20, le=10_000_000)

    @property
    def horizon_s(self) -> float:
        """Nothing arrives after it."""
        return self.rounds * self.round_s

    @property
    def longest_s(self) -> float:
        """No trial is longer."""
        return (self.rounds + self.drain_rounds) * self.round_s
