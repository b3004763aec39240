"""Scarcity: a private factor on a cost, drawn anew every period (STAR's spot multiplier)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from agents.cost.role import Cost, CostSetting
from agents.params import Params
from market import seeding

if TYPE_CHECKING:
    from agents.cost.choices import CostParams


class ScarcityParams(Params):
    """The cost ``of`` something, times a private factor.

    The factor is uniform in ``between``, drawn anew every ``redraw_s`` seconds.
    """

    kind: Literal["scarcity"]
    of: CostParams
    between: tuple[float, float] = (0.1, 1.0)
    redraw_s: float = Field(1.0, gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> ScarcityParams:
        check_bounds("between", self.between)
        return self

    @property
    def bases(self) -> int:
        """How many bases it has that a list price could replace."""
        return self.of.bases

    def cost(self, setting: CostSetting) -> ScarceCost:
        """One provider's cost."""
        return ScarceCost(self, self.of.cost(setting.part("of")), setting.seed, *setting.key)


class ScarceCost:
    """A cost times a private factor."""

    def __init__(self, params: ScarcityParams, of: Cost, seed: int, *key: str | int):
        self._params = params
        self._of = of
        self._seed = seed
        self._key = key

    def usd_per_mtok(self, time_s: float, load: float = 0.0) -> float:
        """The private cost of 1e6 output tokens."""
        bounds, period_s = self._params.between, self._params.redraw_s
        factor = drawn_scarcity(bounds, time_s, period_s, self._seed, *self._key)
        return factor * self._of.usd_per_mtok(time_s, load)

    def support(self, time_s: float) -> tuple[float, float]:
        """The publicly known bounds of the cost."""
        low, high = self._of.support(time_s)
        least, most = self._params.between
        return least * low, most * high

    @property
    def lowest(self) -> float:
        """No cost at any time is lower, at a price level of 1."""
        return self._params.between[0] * self._of.lowest

    def price_level(self, time_s: float) -> float:
        """That of what it multiplies."""
        return self._of.price_level(time_s)


def drawn_scarcity(
    bounds: tuple[float, float], time_s: float, redraw_s: float, seed: int, *key: seeding.Key
) -> float:
    """A uniform draw within ``bounds`` that holds for the period of ``time_s``."""
    low, high = bounds
    period = int(time_s / redraw_s + 1e-9)
    return min(high, low + (high - low) * seeding.uniform(seed, *key, "scarcity", period))


def check_bounds(name: str, bounds: tuple[float, float]) -> None:
    """Raise ``ValueError`` unless a factor could be drawn from ``bounds``."""
    low, high = bounds
    if not 0.001 <= low < high <= 1000:
        raise ValueError(
            f"expected {name} [low, high], 0.001 <= low < high <= 1000, got [{low}, {high}]"
        )
