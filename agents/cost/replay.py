"""Prices that were once paid, replayed: public series, and what they make tokens cost."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from typing import Annotated

from pydantic import Field, model_validator

from agents.cost.role import CostSetting
from agents.params import Params

DAY_S = 86_400.0
_Price = Annotated[float, Field(ge=-1e6, le=1e6)]
_Most = Field(min_length=1, max_length=100_000)


class PriceSeries(Params):
    """Prices that were once paid."""

    times_s: Annotated[tuple[float, ...], _Most]
    """Seconds of the series, ascending; 0 is its moment at time 0 of a trial, the first at most
    that."""
    prices: Annotated[tuple[_Price, ...], _Most]
    """The price from each of these times until the next; the last one holds on."""

    @model_validator(mode="after")
    def _in_order(self) -> PriceSeries:
        if len(self.times_s) != len(self.prices):
            got = f"{len(self.times_s)} times_s and {len(self.prices)} prices"
            raise ValueError(f"expected a time for each price, got {got}")
        if self.times_s[0] > 0:
            raise ValueError(f"times_s: expected the first at most 0, got {self.times_s[0]:g}")
        for before, after in zip(self.times_s, self.times_s[1:], strict=False):
            if before >= after:
                raise ValueError(f"times_s: expected ascending, got {before:g} before {after:g}")
        return self

    @cached_property
    def least(self) -> float:
        """The lowest price of the series."""
        return min(self.prices)

    @cached_property
    def most(self) -> float:
        """The highest price of the series."""
        return max(self.prices)

    def price(self, series_s: float) -> float:
        """The price that holds at a moment of the series, which is not before its first."""
        # a microsecond, because tenths do not add up
        return self.prices[bisect_right(self.times_s, series_s + 1e-6) - 1]


class ReplayParams(Params):
    """What all replayed prices have in common.

    A price of machine time is turned into one of tokens by the rate at which the provider's engine
    decodes. The speed and the power of an engine are public, so such a cost is public too: what
    multiplies it, such as scarcity, can be private.
    """

    day_s: float = Field(DAY_S, ge=1e-6, le=1e12)
    """Seconds of trial time that make a day of the series."""
    batch: int | None = Field(None, ge=1, le=100_000)
    """Requests that the engine is taken to decode at a time; null: all that slots and engine
    take."""
    context_tokens: float = Field(1024.0, ge=0, le=1e9)
    """How many tokens of context each of these requests is taken to have."""

    @property
    def bases(self) -> int:
        """How many bases it has that a list price could replace: none."""
        return 0

    def tokens_per_hour(self, setting: CostSetting) -> float:
        """Output tokens that the provider makes in an hour of work."""
        engine = setting.engine
        batch = min(self.batch or setting.slots, engine.max_num_seqs)
        return 3600 * engine.decode_tokens_per_s(batch, batch * self.context_tokens)


class ReplayedCost:
    """A public cost that follows a series of prices."""

    def __init__(
        self, series: PriceSeries, usd_per_price: float, day_s: float, floor: float | None = None
    ):
        self._series = series
        self._usd_per_price = usd_per_price
        self._scale = DAY_S / day_s
        self._floor = floor

    def usd_per_mtok(self, time_s: float, load: float = 0.0) -> float:
        """The cost of 1e6 output tokens."""
        return self._usd(self._series.price(time_s * self._scale))

    def support(self, time_s: float) -> tuple[float, float]:
        """A point: it is public."""
        cost = self.usd_per_mtok(time_s)
        return cost, cost

    @property
    def lowest(self) -> float:
        """That of the lowest price in the series."""
        return self._usd(self._series.least)

    @property
    def highest(self) -> float:
        """That of the highest price in the series."""
        return self._usd(self._series.most)

    def price_level(self, time_s: float) -> float:
        """The scenario's electricity cycle does not move it."""
        return 1.0

    def _usd(self, price: float) -> float:
        floored = price if self._floor is None else max(self._floor, price)
        return self._usd_per_price * floored
