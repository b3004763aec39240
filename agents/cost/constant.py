"""A cost that never moves."""

from __future__ import annotations

from typing import Literal

from agents.cost.role import CostSetting
from agents.params import Distribution, Draw, Params


class ConstantParams(Params):
    """A cost that is public and never moves."""

    kind: Literal["constant"]
    base: Draw = Distribution(uniform=(0.5, 1.5))
    """USD per 1e6 output tokens, drawn once for each provider; kept within 1e-6 and 1e6."""

    @property
    def bases(self) -> int:
        """How many bases it has that a list price could replace."""
        return 1

    def cost(self, setting: CostSetting) -> ConstantCost:
        """One provider's cost."""
        return ConstantCost(setting.base(self.base))


class ConstantCost:
    """The same cost at all times."""

    def __init__(self, base: float):
        self._base = base

    def usd_per_mtok(self, time_s: float, load: float = 0.0) -> float:
        """The cost of 1e6 output tokens."""
        return self._base

    def support(self, time_s: float) -> tuple[float, float]:
        """A point: it is public."""
        return self._base, self._base

    @property
    def lowest(self) -> float:
        """The cost itself."""
        return self._base

    @property
    def highest(self) -> float:
        """The cost itself."""
        return self._base

    def price_level(self, time_s: float) -> float:
        """Electricity does not move it."""
        return 1.0
