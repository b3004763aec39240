"""Scarcity: a private factor on a cost, drawn anew every period (STAR's spot multiplier)."""

from __future__ import annotations

from agents.cost.role import Cost
from market import seeding


class ScarceCost:
    """A cost times a private factor.

    Args:
        between: the factor's bounds.
        redraw_s: how long a draw of it holds.
        of: what it multiplies.
        seed: of the trial; draws are keyed by ``key``.
    """

    def __init__(
        self,
        between: tuple[float, float],
        redraw_s: float,
        of: Cost,
        seed: int,
        *key: str | int,
    ):
        self._between = between
        self._redraw_s = redraw_s
        self._of = of
        self._seed = seed
        self._key = key

    def usd_per_mtok(self, time_s: float, load: float = 0.0) -> float:
        """The private cost of 1e6 output tokens."""
        factor = drawn_scarcity(self._between, time_s, self._redraw_s, self._seed, *self._key)
        return factor * self._of.usd_per_mtok(time_s, load)

    def support(self, time_s: float) -> tuple[float, float]:
        """The publicly known bounds of the cost."""
        low, high = self._of.support(time_s)
        least, most = self._between
        return least * low, most * high

    @property
    def lowest(self) -> float:
        """No cost at any time is lower, at a price level of 1."""
        return self._between[0] * self._of.lowest

    @property
    def highest(self) -> float:
        """No cost at any time is higher, at a price level of 1."""
        return self._between[1] * self._of.highest

    def price_level(self, time_s: float) -> float:
        """That of what it multiplies."""
        return self._of.price_level(time_s)


def drawn_scarcity(
    bounds: tuple[float, float], time_s: float, redraw_s: float, seed: int, *key: seeding.Key
) -> float:
    """A uniform draw within ``bounds`` that holds for the period of ``time_s``."""
    low, high = bounds
    period = int(time_s / redraw_s + 1e-9)
    return min(high, low + (high - low) * seeding.uniform(seed, *key, "scarcity", period))


def check_bounds(name: str, bounds: tuple[float, float]) -> None:
    """Raise ``ValueError`` unless a factor could be drawn from ``bounds``."""
    low, high = bounds
    if not 0.001 <= low < high <= 1000:
        raise ValueError(
            f"expected {name} [low, high], 0.001 <= low < high <= 1000, got [{low}, {high}]"
        )
