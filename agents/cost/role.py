"""The role of a cost: what serving 1e6 output tokens costs a provider, privately and over time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from agents.electricity import Electricity
from agents.params import Distribution
from market import seeding
from market.profiles import EngineProfile

LOWEST_BASE, HIGHEST_BASE = 1e-6, 1e6

#: At a price level of 1, USD per 1e6 output tokens; at the highest level a prior still takes it.
LOWEST_COST, HIGHEST_COST = 1e-12, 1e9


class Cost(Protocol):
    """One provider's cost: a function of time and load alone, whatever was asked before.

    Time is in seconds of the trial, load in [0, 1]. Every cost is finite and above 0: providers are
    drawn with none that leaves [``LOWEST_COST``, ``HIGHEST_COST``].
    """

    def usd_per_mtok(self, time_s: float, load: float = 0.0) -> float:
        """The private cost of 1e6 output tokens."""

    def support(self, time_s: float) -> tuple[float, float]:
        """The publicly known bounds of the cost at ``time_s``, at any load."""

    def price_level(self, time_s: float) -> float:
        """The factor by which the electricity cycle moves the whole cost; 1 where it does not."""

    @property
    def lowest(self) -> float:
        """No cost at any time is lower, at a price level of 1."""

    @property
    def highest(self) -> float:
        """No cost at any time is higher, at a price level of 1."""


@dataclass(frozen=True)
class CostSetting:
    """Whose cost is drawn, and what is publicly known of its provider.

    Attributes:
        seed: of the trial.
        key: of this component's draws; it begins with the provider's id.
        electricity: the cycle that moves all costs of the paper's kind.
        engine: what serves, whose speed and power turn prices into a cost of tokens.
        slots: jobs that the provider takes at a time.
        listed_base: what replaces the base of a cost, USD per 1e6 output tokens; None: it is drawn.
    """

    seed: int
    key: tuple[seeding.Key, ...]
    electricity: Electricity
    engine: EngineProfile
    slots: int
    listed_base: float | None = None

    def part(self, name: seeding.Key) -> CostSetting:
        """The setting of a component, which has draws of its own."""
        return replace(self, key=(*self.key, "part", name))

    def base(self, drawn: Distribution) -> float:
        """The base of a cost."""
        if self.listed_base is not None:
            return self.listed_base
        stream = seeding.stream(self.seed, *self.key, "base")
        return drawn.draw_within(stream, LOWEST_BASE, HIGHEST_BASE)

    def uniform(self, *what: seeding.Key) -> float:
        """A draw from [0, 1) for this component of the cost."""
        return seeding.uniform(self.seed, *self.key, *what)
