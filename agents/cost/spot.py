"""What tokens cost on rented GPUs at replayed spot prices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from agents.cost.replay import PriceSeries, ReplayedCost, ReplayParams
from agents.cost.role import CostSetting


class SpotParams(ReplayParams):
    """price / throughput, for the replayed spot price of an instance with GPUs."""

    kind: Literal["spot"]
    series: Annotated[Mapping[str, PriceSeries], Field(min_length=1)]
    """Prices of an instance-hour in USD over time, by zone, or in its place the keys that find them
    in a file. Each provider rents in one zone, all equally likely."""
    instance_gpus: int = Field(1, ge=1, le=10_000)
    """GPUs of an instance; the provider pays for those that its engine takes."""

    @model_validator(mode="after")
    def _cost_something(self) -> SpotParams:
        for zone, series in self.series.items():
            if series.least <= 0:
                raise ValueError(f"series.{zone}: expected prices above 0, got {series.least:g}")
        return self

    def cost(self, setting: CostSetting) -> ReplayedCost:
        """One provider's cost."""
        zones = sorted(self.series)
        zone = zones[int(setting.uniform("zone") * len(zones))]
        instances = setting.engine.gpus / self.instance_gpus
        usd_per_price = instances / (self.tokens_per_hour(setting) / 1e6)
        return ReplayedCost(self.series[zone], usd_per_price, self.day_s)
