"""The role of a prior: what is commonly known of a provider's cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, Self

from market.errors import BadInput
from market.fields import Fields

#: USD per 1e6 tokens; keeps every cost far from what a float64 can hold.
MAX_PRICE = 1e12


class Prior(Protocol):
    """A distribution of a provider's cost on [low, high], with a virtual cost that never falls.

    The virtual cost is phi(b) = b + F(b)/f(b), ironed where it would fall: G(q), the convex hull
    of the cost q F^-1(q) of buying with probability q, has the slope phi-bar at q = F(b). Some
    bids may then share one virtual cost. Bids, costs and virtual costs are USD per 1e6 output
    tokens.
    """

    @property
    def low(self) -> float:
        """The lowest cost of the support."""

    @property
    def high(self) -> float:
        """The highest cost of the support."""

    @property
    def flats(self) -> Sequence[float]:
        """The virtual costs that an interval of bids shares, ascending."""

    def virtual_cost(self, bid: float) -> float:
        """phi-bar(bid) in the support, the bid itself below it, inf above it."""

    def bid_at(self, virtual_cost: float) -> float:
        """The generalised inverse: where phi-bar(bid) >= virtual_cost begins, at most high.

        The float after a flat's virtual cost is thus mapped to the right end of the flat.
        """

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """The prior that a record describes; its ``kind`` has been read already."""


def check_support(fields: Fields) -> None:
    """Raise ``BadInput`` unless 0 <= ``low`` < ``high``, both finite prices."""
    low = fields.number("low", low=0, high=MAX_PRICE)
    high = fields.number("high", low=0, high=MAX_PRICE)
    if low >= high:
        raise BadInput(fields.place("high"), f"expected a number above low = {low:g}, got {high:g}")
