"""The truncated normal and the truncated log-normal prior.

Both need no ironing. The normal distribution function is log-concave, stays so when it is
truncated, and also as a function of the logarithm, which is concave; where log F is concave, F/f
never falls and phi rises at least as fast as the bid. (The log-normal *density* is not
log-concave; it is the mirrored problem of a seller, with (1 - F)/f, that may be irregular.)
Source: Bagnoli and Bergstrom (2005).

F/f is computed without subtracting probabilities that are nearly equal, to about 1e-15 (1 + z^2)
of itself at z standard deviations from the mean.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.special import erfcx

from market.fields import Fields
from market.workflow.priors.prior import MAX_PRICE, check_support

#: A virtual cost is at most so many times the top of the support. Far in the upper tail F/f grows
#: like exp(z^2 / 2), beyond every float; bids up there share this virtual cost, a flat. A cost is
#: up there with a probability of about one over it. Truthfulness does not suffer: any virtual cost
#: that never falls keeps it. But one so large would drown all other amounts in its rounding.
MAX_MARKUP = 1e6

#: Bounds of the spread in logarithms: beyond them a number is surely a mistake.
MIN_SIGMA, MAX_SIGMA = 1e-6, 1e3

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
#: exp(-x) is 0 or exp(x) is beyond MAX_MARKUP by far.
_LARGE_EXPONENT = 700.0


class _Truncated(ABC):
    """What the two have in common: phi from F/f, and its inverse by bisection."""

    low: float
    high: float

    @abstractmethod
    def _information_rent(self, bid: float) -> float:
        """F(bid)/f(bid) for a bid in (low, high]."""

    @property
    def flats(self) -> tuple[float, ...]:
        """The largest virtual cost there may be, where the support reaches that far."""
        largest = MAX_MARKUP * self.high
        return (largest,) if self.virtual_cost(self.high) == largest else ()

    def virtual_cost(self, bid: float) -> float:
        """phi(bid), at most ``MAX_MARKUP`` times high, see ``Prior.virtual_cost``."""
        if bid > self.high:
            return math.inf
        if bid <= self.low:
            return bid
        return min(bid + self._information_rent(bid), MAX_MARKUP * self.high)

    def bid_at(self, virtual_cost: float) -> float:
        """The inverse of phi to the last float, see ``Prior.bid_at``."""
        below, reached = self.low, self.high
        if virtual_cost <= below:
            return virtual_cost
        while below < (middle := (below + reached) / 2) < reached:
            if self.virtual_cost(middle) < virtual_cost:
                below = middle
            else:
                reached = middle
        return reached


@dataclass(frozen=True)
class TruncatedNormal(_Truncated):
    """A normal distribution of ``mean`` and standard ``deviation``, cut to [low, high]."""

    mean: float
    deviation: float
    low: float
    high: float

    kind: ClassVar[str] = "truncated_normal"

    def __post_init__(self) -> None:
        fields = Fields(vars(self), self.kind)
        fields.number("mean", low=-MAX_PRICE, high=MAX_PRICE)
        fields.number("deviation", low=1 / MAX_PRICE, high=MAX_PRICE)
        check_support(fields)

    def _information_rent(self, bid: float) -> float:
        z = (bid - self.mean) / self.deviation
        return self.deviation * normal_ratio(z, (bid - self.low) / self.deviation)

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """``{"kind": "truncated_normal", "mean": ..., "deviation": ...}``, ``low`` and ``high``.

        ``mean`` and ``deviation`` are those before the truncation.
        """
        return cls(
            mean=fields.number("mean"),
            deviation=fields.number("deviation"),
            low=fields.number("low"),
            high=fields.number("high"),
        )


@dataclass(frozen=True)
class TruncatedLognormal(_Truncated):
    """Costs of normally distributed logarithm, cut to [low, high].

    The logarithm has the mean log(``median``) and the standard deviation ``sigma``.
    """

    median: float
    sigma: float
    low: float
    high: float

    kind: ClassVar[str] = "truncated_lognormal"

    def __post_init__(self) -> None:
        fields = Fields(vars(self), self.kind)
        fields.number("median", low=1 / MAX_PRICE, high=MAX_PRICE)
        fields.number("sigma", low=MIN_SIGMA, high=MAX_SIGMA)
        check_support(fields)

    def _information_rent(self, bid: float) -> float:
        z = (math.log(bid) - math.log(self.median)) / self.sigma
        width = math.log1p((bid - self.low) / self.low) if self.low > 0 else math.inf
        return bid * self.sigma * normal_ratio(z, width / self.sigma)

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """``{"kind": "truncated_lognormal", "median": ..., "sigma": ...}``, ``low`` and ``high``.

        ``median`` and ``sigma`` are those before the truncation.
        """
        return cls(
            median=fields.number("median"),
            sigma=fields.number("sigma"),
            low=fields.number("low"),
            high=fields.number("high"),
        )


def normal_ratio(z: float, width: float) -> float:
    """(Phi(z) - Phi(z - width)) / Phi'(z) of the standard normal; inf where it overflows.

    It is the integral of exp(z s - s^2 / 2) over s in [0, width]: by Gauss-Legendre where the two
    probabilities would cancel, else from Mills ratios, of the tail that is the smaller one.
    """
    start = z - width
    if abs(z) * width + width * width / 2 <= 1:
        s = width * (1 + _NODES) / 2
        return float(width / 2 * (_WEIGHTS @ np.exp(s * (z - s / 2))))
    exponent = width * (z + start) / 2
    if exponent > _LARGE_EXPONENT:
        return math.inf
    if start > 0:
        return math.exp(exponent) * mills_ratio(start) - mills_ratio(z)
    return mills_ratio(-z) - math.exp(exponent) * mills_ratio(-start)


def mills_ratio(x: float) -> float:
    """(1 - Phi(x)) / Phi'(x) of the standard normal; inf where it overflows."""
    return math.sqrt(math.pi / 2) * float(erfcx(x / math.sqrt(2)))
