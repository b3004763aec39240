"""Private costs that move: the paper's, replayed prices, load, and what they are composed of."""

from agents.cost.choices import CostParams
from agents.cost.paper import PaperCost, PaperParams
from agents.cost.role import (
    HIGHEST_BASE,
    HIGHEST_COST,
    LOWEST_BASE,
    LOWEST_COST,
    Cost,
    CostSetting,
)

__all__ = [
    "HIGHEST_BASE",
    "HIGHEST_COST",
    "LOWEST_BASE",
    "LOWEST_COST",
    "Cost",
    "CostParams",
    "CostSetting",
    "PaperCost",
    "PaperParams",
]
