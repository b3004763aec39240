"""What the electricity for tokens costs at replayed market prices."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agents.cost.replay import PriceSeries, ReplayedCost, ReplayParams
from agents.cost.role import CostSetting
from market.errors import BadInput

WATT_HOURS_PER_MWH = 1e6


class ElectricityParams(ReplayParams):
    """power * price / throughput, for the replayed price of electricity."""

    kind: Literal["electricity"]
    series: PriceSeries
    """Prices of a MWh over time, or in its place the keys that find them in a file."""
    usd_per_unit: float = Field(1.0, ge=1e-6, le=1e6)
    """USD for one unit of the currency of the series."""
    floor_per_mwh: float = Field(1.0, ge=1e-3, le=1e6)
    """Lower prices count as this one: markets clear below 0 at times, a cost may not."""
    power_w: float | None = Field(None, gt=0, le=1e9)
    """Watts that the engine draws under load; null: what its profile says."""
    pue: float = Field(1.0, ge=1, le=100)
    """Power usage effectiveness: what the data centre draws for each watt of the engine."""

    def cost(self, setting: CostSetting) -> ReplayedCost:
        """One provider's cost; raises ``BadInput`` if nobody says what its engine draws."""
        power_w = self.power_w or setting.engine.power_w
        if power_w is None:
            problem = f"expected a number, as the profile {setting.engine.name} states none"
            raise BadInput("power_w", f"{problem}; got null")
        mwh_per_hour = power_w * self.pue / WATT_HOURS_PER_MWH
        mwh_per_mtok = mwh_per_hour / (self.tokens_per_hour(setting) / 1e6)
        usd_per_price = self.usd_per_unit * mwh_per_mtok
        return ReplayedCost(self.series, usd_per_price, self.day_s, self.floor_per_mwh)
