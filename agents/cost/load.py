"""A cost that grows with the load of its provider."""

from __future__ import annotations

from agents.cost.role import Cost


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

    @property
    def highest(self) -> float:
        """That of a full provider."""
        return self._of.highest * (1 + self._slope)

    def price_level(self, time_s: float) -> float:
        """That of what it multiplies."""
        return self._of.price_level(time_s)
