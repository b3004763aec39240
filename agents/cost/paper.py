"""The cost of STAR's experiments (Eq. 5 and App. D.2)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from agents.cost.role import CostSetting
from agents.cost.scarcity import check_bounds, drawn_scarcity
from agents.electricity import Electricity
from agents.params import Distribution, Draw, Params


class PaperParams(Params):
    """c(t) = base * S(t) * (1 + beta * E(t)), USD per 1e6 output tokens."""

    kind: Literal["paper"] = "paper"
    base: Draw = Distribution(uniform=(0.5, 1.5))
    """USD per 1e6 output tokens, drawn once for each provider; kept within 1e-6 and 1e6; public,
    like electricity."""
    scarcity: tuple[float, float] = (0.1, 1.0)
    """``[low, high]`` of S, a private factor that is drawn uniformly; within 0.001 and 1000."""
    redraw_s: float = Field(1.0, ge=1e-6, le=1e12)
    """Seconds of trial time after which S is drawn anew."""

    @model_validator(mode="after")
    def _ordered(self) -> PaperParams:
        check_bounds("scarcity", self.scarcity)
        return self

    @property
    def bases(self) -> int:
        """How many bases it has that a list price could replace."""
        return 1

    def cost(self, setting: CostSetting) -> PaperCost:
        """One provider's cost."""
        base = setting.base(self.base)
        return PaperCost(self, base, setting.electricity, setting.seed, *setting.key)


class PaperCost:
    """One provider's cost over time."""

    def __init__(
        self, params: PaperParams, base: float, electricity: Electricity, seed: int, *key: str | int
    ):
        self._params = params
        self._base = base
        self._electricity = electricity
        self._seed = seed
        self._key = key

    def usd_per_mtok(self, time_s: float, load: float = 0.0) -> float:
        """The private cost of 1e6 output tokens."""
        bounds = self.support(time_s)
        return drawn_scarcity(bounds, time_s, self._params.redraw_s, self._seed, *self._key)

    def support(self, time_s: float) -> tuple[float, float]:
        """The publicly known bounds of the cost."""
        scale = self._base * self.price_level(time_s)
        low, high = self._params.scarcity
        return low * scale, high * scale

    @property
    def lowest(self) -> float:
        """The least cost at any hour: that of an electricity factor of 1."""
        return self._base * self._params.scarcity[0]

    @property
    def highest(self) -> float:
        """The most that it costs at an electricity factor of 1."""
        return self._base * self._params.scarcity[1]

    def price_level(self, time_s: float) -> float:
        """The public factor of electricity."""
        return self._electricity.factor(time_s)
