"""A cost that is the sum of others."""

from __future__ import annotations

import math
from collections.abc import Sequence

from agents.cost.role import Cost


class SumCost:
    """The sum of costs."""

    def __init__(self, parts: Sequence[Cost]):
        self._parts = parts

    def usd_per_mtok(self, time_s: float, load: float = 0.0) -> float:
        """The private cost of 1e6 output tokens."""
        return math.fsum(part.usd_per_mtok(time_s, load) for part in self._parts)

    def support(self, time_s: float) -> tuple[float, float]:
        """The publicly known bounds of the cost."""
        lows, highs = zip(*(part.support(time_s) for part in self._parts), strict=True)
        return math.fsum(lows), math.fsum(highs)  # rounded once, so that no cost leaves them

    @property
    def lowest(self) -> float:
        """No cost at any time is lower, at a price level of 1."""
        return math.fsum(part.lowest for part in self._parts)

    @property
    def highest(self) -> float:
        """No cost at any time is higher, at a price level of 1."""
        return math.fsum(part.highest for part in self._parts)

    def price_level(self, time_s: float) -> float:
        """That of all parts; 1 if they differ, as nothing then moves the whole."""
        first, *rest = (part.price_level(time_s) for part in self._parts)
        return first if all(level == first for level in rest) else 1.0
