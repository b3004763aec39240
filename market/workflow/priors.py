"""What is commonly known of a provider's cost, and the virtual cost that follows from it.

Source: Myerson (1981) for procurement; STAR, equation (1) and appendix A. Bids, costs and virtual
costs are USD per 1e6 output tokens.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from market.errors import BadInput
from market.fields import Fields

#: USD per 1e6 tokens; keeps every cost far from what a float64 can hold.
MAX_PRICE = 1e12


class Prior(Protocol):
    """A distribution of a provider's cost on [low, high], with a virtual cost that never falls."""

    @property
    def low(self) -> float:
        """The lowest cost of the support."""

    @property
    def high(self) -> float:
        """The highest cost of the support."""

    def virtual_cost(self, bid: float) -> float:
        """phi(bid) = bid + F(bid)/f(bid) in the support, the bid itself below it, inf above it."""

    def bid_at(self, virtual_cost: float) -> float:
        """The generalised inverse: the lowest bid with phi(bid) >= virtual_cost, at most high."""

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """The prior that a record describes; its ``kind`` has been read already."""


@dataclass(frozen=True)
class Uniform:
    """Every cost in [low, high] is equally likely: phi(b) = 2b - low."""

    low: float
    high: float

    kind: ClassVar[str] = "uniform"

    def __post_init__(self) -> None:
        fields = Fields(vars(self), "uniform")
        fields.number("low", low=0, high=MAX_PRICE)
        fields.number("high", low=0, high=MAX_PRICE)
        if self.low >= self.high:
            problem = f"expected a number above low = {self.low:g}, got {self.high:g}"
            raise BadInput(fields.place("high"), problem)

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


#: Every kind of prior, by the name it has in files.
PRIORS: dict[str, type[Prior]] = {Uniform.kind: Uniform}
