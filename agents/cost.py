"""Private costs that move (STAR, Eq. 5 and App. D.2)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from agents.electricity import Electricity
from agents.params import Distribution, Draw, Params
from market import seeding


class CostParams(Params):
    """c(t) = base * S(t) * (1 + beta * E(t)), USD per 1e6 output tokens.

    ``base`` is drawn once for each provider and is public, like the electricity factor;
    ``scarcity`` bounds S, drawn uniformly anew every ``redraw_s`` seconds, which is private.
    """

    kind: Literal["paper"] = "paper"
    base: Draw = Distribution(uniform=(0.5, 1.5))
    scarcity: tuple[float, float] = (0.1, 1.0)
    redraw_s: float = Field(1.0, gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> CostParams:
        low, high = self.scarcity
        if not 0.001 <= low < high <= 1000:
            raise ValueError(
                f"expected scarcity [low, high], 0.001 <= low < high <= 1000, got [{low}, {high}]"
            )
        return self


class PaperCost:
    """One provider's cost over time; a function of time alone, whatever was asked before."""

    def __init__(
        self, params: CostParams, base: float, electricity: Electricity, seed: int, *key: str | int
    ):
        self._params = params
        self._base = base
        self._electricity = electricity
        self._seed = seed
        self._key = key

    def usd_per_mtok(self, time_s: float) -> float:
        """The private cost of 1e6 output tokens at ``time_s``."""
        low, high = self.support(time_s)
        period = int(time_s / self._params.redraw_s + 1e-9)
        return low + (high - low) * seeding.uniform(self._seed, *self._key, "scarcity", period)

    def support(self, time_s: float) -> tuple[float, float]:
        """The publicly known bounds of the cost at ``time_s``."""
        scale = self._base * self.price_level(time_s)
        low, high = self._params.scarcity
        return low * scale, high * scale

    @property
    def lowest(self) -> float:
        """The least cost at any hour: that of an electricity factor of 1."""
        return self._base * self._params.scarcity[0]

    def price_level(self, time_s: float) -> float:
        """The public factor on all costs at ``time_s``."""
        return self._electricity.factor(time_s)
