"""The costs that a scenario can name."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from agents.cost.constant import ConstantParams
from agents.cost.electricity import ElectricityParams
from agents.cost.load import LoadParams
from agents.cost.paper import PaperParams
from agents.cost.scarcity import ScarcityParams
from agents.cost.spot import SpotParams
from agents.cost.total import SumParams


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

for _compound in (ScarcityParams, LoadParams, SumParams):  # which are of costs themselves
    _compound.model_rebuild(_types_namespace={"CostParams": CostParams})
