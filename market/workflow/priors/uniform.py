"""The uniform prior."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Self

from market.fields import Fields
from market.workflow.priors.prior import check_support


@dataclass(frozen=True)
class Uniform:
    """Every cost in [low, high] is equally likely: phi(b) = 2b - low."""

    low: float
    high: float

    kind: ClassVar[str] = "uniform"
    flats: ClassVar[tuple[float, ...]] = ()

    def __post_init__(self) -> None:
        check_support(Fields(vars(self), self.kind))

    def virtual_cost(self, bid: float) -> float:
        """phi(bid), see ``Prior.virtual_cost``."""
        if bid > self.high:
            return math.inf
        return bid + max(bid - self.low, 0.0)

    def bid_at(self, virtual_cost: float) -> float:
        """The inverse of phi, see ``Prior.bid_at``."""
        if virtual_cost <= self.low:
            return virtual_cost
        return min((virtual_cost + self.low) / 2, self.high)

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """``{"kind": "uniform", "low": ..., "high": ...}``."""
        return cls(low=fields.number("low"), high=fields.number("high"))
