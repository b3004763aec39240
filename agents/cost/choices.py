"""The costs that a scenario can name, and those that are composed of others."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from agents.cost.constant import ConstantParams
from agents.cost.electricity import ElectricityParams
from agents.cost.load import LoadCost
from agents.cost.paper import PaperParams
from agents.cost.role import CostSetting
from agents.cost.scarcity import ScarceCost, check_bounds
from agents.cost.spot import SpotParams
from agents.cost.total import SumCost
from agents.params import Params


class ScarcityParams(Params):
    """A cost times a private factor."""

    kind: Literal["scarcity"]
    of: CostParams
    """The cost that the factor multiplies."""
    between: tuple[float, float] = (0.1, 1.0)
    """``[low, high]`` of the factor, which is drawn uniformly; within 0.001 and 1000."""
    redraw_s: float = Field(1.0, ge=1e-6, le=1e12)
    """Seconds of trial time after which the factor is drawn anew."""

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
        of = self.of.cost(setting.part("of"))
        return ScarceCost(self.between, self.redraw_s, of, setting.seed, *setting.key)


class LoadParams(Params):
    """A cost times 1 + ``slope`` times the load.

    The load is private: jobs in flight over slots when the provider bids, 1 at most. What a job
    costs is fixed with the bid that won it, whatever the load becomes: else a bid could not be
    truthful.
    """

    kind: Literal["load"]
    of: CostParams
    """The cost of an idle provider."""
    slope: float = Field(1.0, gt=0, le=1000)
    """What a full load adds to the cost, as a share of it."""

    @property
    def bases(self) -> int:
        """How many bases it has that a list price could replace."""
        return self.of.bases

    def cost(self, setting: CostSetting) -> LoadCost:
        """One provider's cost; what it is of draws as it would alone."""
        return LoadCost(self.slope, self.of.cost(setting))


class SumParams(Params):
    """A sum of costs."""

    kind: Literal["sum"]
    of: Annotated[tuple[CostParams, ...], Field(min_length=1, max_length=100)]
    """The costs that are added up, each with draws of its own."""

    @property
    def bases(self) -> int:
        """How many bases it has that a list price could replace."""
        return sum(part.bases for part in self.of)

    def cost(self, setting: CostSetting) -> SumCost:
        """One provider's cost."""
        parts = (part.cost(setting.part(index)) for index, part in enumerate(self.of))
        return SumCost(tuple(parts))


def _paper_unless_said(value: Any) -> Any:
    return {"kind": "paper"} | value if isinstance(value, dict) else value


#: Every kind of cost; one more is one class more.
CostParams = Annotated[
    PaperParams
    | ConstantParams
    | ElectricityParams
    | SpotParams
    | ScarcityParams
    | LoadParams
    | SumParams,
    Field(discriminator="kind"),
    BeforeValidator(_paper_unless_said),
]

for _composed in (ScarcityParams, LoadParams, SumParams):  # their parts are any of them
    _composed.model_rebuild()
