"""The empirical prior: costs that were seen, or bids from logs."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple, Self

import numpy as np

from market.errors import BadInput
from market.fields import Fields, check_number
from market.workflow.priors.prior import MAX_PRICE
from market.workflow.quantities import FloatArray

#: More would make reading slow and change little: phi has some hundred steps by then.
MAX_SAMPLES = 100_000


@dataclass(frozen=True)
class Empirical:
    """The step distribution of a sample of costs, ironed.

    Buying at the price c_(k), the k-th lowest sample, succeeds with probability k/n at an expected
    cost of (k/n) c_(k). phi-bar of a bid in (c_(k-1), c_(k)] is the slope, between (k-1)/n and
    k/n, of the convex hull of these points and the origin. So it is a step function of the bid,
    and truthfulness is exact: only finitely many virtual costs can occur, and at each of them
    the allocation is known. Equal samples are one point of their joint probability. The lowest
    sample's phi-bar is itself, and so is that of every bid below it: there F is 0.

    A ``high`` above all samples counts as one more sample: of n + 1 exchangeable costs, the one
    not seen yet is the highest with probability 1/(n + 1). ``low`` only says which bids are to be
    expected. Source: Myerson (1981), the general case, for a discrete distribution.
    """

    samples: tuple[float, ...]
    low: float
    high: float

    kind: ClassVar[str] = "empirical"

    def __post_init__(self) -> None:
        fields = Fields(vars(self), self.kind)
        read_samples(fields)
        low = fields.number("low", low=0, high=MAX_PRICE)
        high = fields.number("high", low=0, high=MAX_PRICE)
        if low > min(self.samples):
            problem = f"expected a number <= {min(self.samples):g}, the lowest sample"
            raise BadInput(fields.place("low"), f"{problem}, got {low:g}")
        if high < max(self.samples):
            problem = f"expected a number >= {max(self.samples):g}, the highest sample"
            raise BadInput(fields.place("high"), f"{problem}, got {high:g}")

    @classmethod
    def of(
        cls,
        samples: Sequence[float] | FloatArray,
        low: float | None = None,
        high: float | None = None,
    ) -> Self:
        """The prior of ``samples`` (n,), whose support is their range unless it is given."""
        costs = read_samples(Fields({"samples": samples}, cls.kind))
        return cls(
            samples=costs,
            low=min(costs) if low is None else low,
            high=max(costs) if high is None else high,
        )

    @cached_property
    def flats(self) -> tuple[float, ...]:
        """The virtual costs of all steps; the first corner has no step, see ``Prior.flats``."""
        return self._levels[1:]

    def virtual_cost(self, bid: float) -> float:
        """phi-bar(bid), see ``Prior.virtual_cost``."""
        if bid > self.high:
            return math.inf
        step = bisect_left(self._ends, bid)
        return bid if step == 0 else self._levels[step]

    def bid_at(self, virtual_cost: float) -> float:
        """The inverse of phi-bar, see ``Prior.bid_at``."""
        step = bisect_left(self._levels, virtual_cost)
        return virtual_cost if step == 0 else self._ends[step - 1]

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """``{"kind": "empirical", "samples": [...]}``, and ``low``, ``high`` if known."""
        samples = read_samples(fields)
        low, high = (
            None if fields.raw(key, None) is None else fields.number(key) for key in ("low", "high")
        )
        return cls.of(samples, low, high)

    @cached_property
    def _ends(self) -> tuple[float, ...]:
        """The right ends of the steps: the costs at the corners of the hull, ascending."""
        return tuple(corner.cost for corner in self._hull)

    @cached_property
    def _levels(self) -> tuple[float, ...]:
        """The virtual costs of the steps, ascending."""
        return tuple(corner.slope for corner in self._hull)

    @cached_property
    def _hull(self) -> Sequence[Corner]:
        beyond = [self.high] if self.high > max(self.samples) else []
        return convex_hull([*self.samples, *beyond])


class Corner(NamedTuple):
    """A corner of the hull: ``rank`` samples cost at most ``cost``.

    ``slope`` is that of the hull's edge that ends here.
    """

    rank: int
    cost: float
    slope: float


def convex_hull(samples: Sequence[float]) -> list[Corner]:
    """The corners of the convex hull of the points (k, k c_(k)) and the origin, left to right.

    The slopes rise strictly, in floating point too: an edge that would not be steeper than the
    one before it is merged with it.
    """
    costs, counts = np.unique(samples, return_counts=True)
    hull = [Corner(0, float(costs[0]), -math.inf)]
    for rank, cost in zip(np.cumsum(counts).tolist(), costs.tolist(), strict=True):
        while (slope := _slope(hull[-1], rank, cost)) <= hull[-1].slope:
            hull.pop()
        hull.append(Corner(rank, cost, slope))
    return hull[1:]


def _slope(corner: Corner, rank: int, cost: float) -> float:
    """(rank cost - corner.rank corner.cost) / (rank - corner.rank), never below ``cost``."""
    return cost + corner.rank * (cost - corner.cost) / (rank - corner.rank)


def read_samples(fields: Fields) -> tuple[float, ...]:
    """The ``samples`` of a record: a list or an array of 1 to ``MAX_SAMPLES`` prices.

    Raises ``BadInput``, naming the first that is not.
    """
    samples = fields.raw("samples")
    samples = samples.tolist() if isinstance(samples, np.ndarray) else fields.sequence("samples")
    where = fields.place("samples")
    if not 1 <= len(samples) <= MAX_SAMPLES:
        raise BadInput(where, f"expected 1 to {MAX_SAMPLES} numbers, got {len(samples)}")
    for index, sample in enumerate(samples):
        check_number(f"{where}.{index}", sample, low=0, high=MAX_PRICE)
    return tuple(map(float, samples))
