"""Priors of a provider's cost, and the virtual costs that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Protocol

from tests.exact.ambiguous import Ambiguous


class Prior(Protocol):
    """A support and a virtual cost that never falls in it."""

    @property
    def low(self) -> Fraction:
        """The lowest cost of the support."""

    @property
    def high(self) -> Fraction:
        """The highest cost of the support."""

    def virtual_cost(self, bid: Fraction) -> Fraction:
        """phi of a bid in the support."""

    def last_bid_below(self, virtual_cost: Fraction) -> Fraction:
        """The supremum of the bids whose phi is less; ``Ambiguous`` where many bids have it."""


@dataclass(frozen=True)
class Uniform:
    """phi(b) = 2b - low."""

    low: Fraction
    high: Fraction

    def virtual_cost(self, bid: Fraction) -> Fraction:
        return 2 * bid - self.low

    def last_bid_below(self, virtual_cost: Fraction) -> Fraction:
        return (virtual_cost + self.low) / 2


@dataclass(frozen=True)
class Empirical:
    """phi of a bid in (ends[k-1], ends[k]] is levels[k]; up to ends[0] it is the bid itself."""

    low: Fraction
    high: Fraction
    ends: tuple[Fraction, ...]
    levels: tuple[Fraction, ...]

    @classmethod
    def of(cls, samples: list[Fraction], low: Fraction | None, high: Fraction | None) -> Empirical:
        """Walk the lower convex hull of (0, 0) and the points (k, k c_(k)), corner to corner."""
        top = max(samples) if high is None else high
        costs = sorted([*samples, top] if top > max(samples) else samples)
        points = [Fraction(0), *(rank * cost for rank, cost in enumerate(costs, start=1))]
        corners, levels = [0], []
        while corners[-1] < len(costs):
            here = corners[-1]
            slopes = {
                k: (points[k] - points[here]) / (k - here) for k in range(here + 1, len(points))
            }
            levels.append(min(slopes.values()))
            corners.append(max(k for k, slope in slopes.items() if slope == levels[-1]))
        return cls(
            low=min(samples) if low is None else low,
            high=top,
            ends=tuple(costs[corner - 1] for corner in corners[1:]),
            levels=tuple(levels),
        )

    def virtual_cost(self, bid: Fraction) -> Fraction:
        if bid <= self.ends[0]:
            return bid
        return next(level for end, level in zip(self.ends, self.levels, strict=True) if bid <= end)

    def last_bid_below(self, virtual_cost: Fraction) -> Fraction:
        if virtual_cost <= self.ends[0]:
            return virtual_cost
        if virtual_cost in self.levels:
            raise Ambiguous(f"the virtual cost {virtual_cost} is that of many bids")
        steps = zip(self.ends, pairwise(self.levels), strict=False)
        return next(end for end, (_, above) in steps if virtual_cost < above)


def read_prior(record: Mapping[str, Any]) -> Prior:
    """The prior in a problem."""
    low, high = (
        None if record.get(key) is None else Fraction(record[key]) for key in ("low", "high")
    )
    if record["kind"] == "uniform" and low is not None and high is not None:
        return Uniform(low, high)
    if record["kind"] == "empirical":
        return Empirical.of([Fraction(sample) for sample in record["samples"]], low, high)
    raise NotImplementedError(f"no exact virtual cost of a prior {record['kind']!r}")
