"""A cost that grows with the load of its provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from agents.cost.role import Cost, CostSetting
from agents.params import Params

if TYPE_CHECKING:
    from agents.cost.choices import CostParams


class LoadParams(Params):
    """The cost ``of`` something, times 1 + ``slope`` times the load.

    The load is private: jobs in flight over slots when the provider bids, 1 at most. What a job
    costs is fixed with the bid that won it, whatever the load becomes: else a bid could not be
    truthful.
    """

    kind: Literal["load"]
    of: CostParams
    slope: float = Field(1.0, gt=0, le=1000)

    @property
    def bases(self) -> int:
        """How many bases it has that a list price could replace."""
        return self.of.bases

    def cost(self, setting: CostSetting) -> LoadCost:
        """One provider's cost; what it is of draws as it would alone."""
        return LoadCost(self.slope, self.of.cost(setting))


class LoadCost:
    """A cost times 1 + slope * load."""

    def __init__(self, slope: float, of: Cost):
        self._slope = slope
        self._of = of

    def usd_per_mtok(self, time_s: float, load: float = 0.0) -> float:
        """The private cost of 1e6 output tokens."""
        return self._of.usd_per_mtok(time_s, load) * (1 + self._slope * load)

    def support(self, time_s: float) -> tuple[float, float]:
        """The publicly known bounds of the cost: nobody else knows the load."""
        low, high = self._of.support(time_s)
        return low, high * (1 + self._slope)

    @property
    def lowest(self) -> float:
        """That of an idle provider."""
        return self._of.lowest

    def price_level(self, time_s: float) -> float:
        """That of what it multiplies."""
        return self._of.price_level(time_s)
