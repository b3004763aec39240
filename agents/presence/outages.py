"""Outages: times at which a provider offers nothing, whatever it would earn."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import Annotated, Literal, Protocol

import numpy as np
from pydantic import Field, field_validator

from agents.params import Params
from market import seeding

_Mean = Annotated[float, Field(ge=0.1, le=1e9)]
_Moment = Annotated[float, Field(ge=0, le=1e12)]


class Outages(Protocol):
    """When one provider is out: a function of time alone."""

    def out(self, time_s: float) -> bool:
        """Whether it is out at ``time_s``."""


class DrawnOutages(Params):
    """Each provider by itself is up and out in turns of exponential length; all begin up."""

    kind: Literal["drawn"]
    up_s: _Mean
    """The mean of the seconds that a provider is up."""
    down_s: _Mean
    """The mean of the seconds that it is then out."""

    def of(self, provider: str, seed: int) -> OnAndOff:
        """One provider's outages."""
        stream = seeding.stream(seed, "provider", provider, "outages")
        return OnAndOff(self.up_s, self.down_s, stream)


class ListedOutages(Params):
    """All of the group at once."""

    kind: Literal["listed"]
    periods: Annotated[tuple[tuple[_Moment, _Moment], ...], Field(min_length=1)]
    """``[start, end]`` of each outage in seconds of trial time, in order; it is back at the end."""

    @field_validator("periods")
    @classmethod
    def _in_order(cls, periods: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        for start, end in periods:
            if start >= end:
                raise ValueError(f"expected [start, end], start < end, got [{start:g}, {end:g}]")
        for (_, end), (start, _) in pairwise(periods):
            if end > start:
                problem = f"got one until {end:g} before one from {start:g}"
                raise ValueError(f"expected periods one after the other, {problem}")
        return periods

    def of(self, provider: str, seed: int) -> Listed:
        """One provider's outages."""
        return Listed(self.periods)


class OnAndOff:
    """Up and out in turns, of exponential lengths; they are drawn in order, as far as asked."""

    def __init__(self, up_s: float, down_s: float, rng: np.random.Generator):
        self._mean_s = up_s, down_s
        self._rng = rng
        self._switches: list[float] = []

    def out(self, time_s: float) -> bool:
        """Whether it is out: after an odd number of switches."""
        while not self._switches or self._switches[-1] <= time_s:
            last = self._switches[-1] if self._switches else 0.0
            mean_s = self._mean_s[len(self._switches) % 2]
            self._switches.append(last + mean_s * self._rng.standard_exponential())
        return bisect_right(self._switches, time_s) % 2 == 1


class Listed:
    """Out in listed periods."""

    def __init__(self, periods: tuple[tuple[float, float], ...]):
        self._switches = [moment for period in periods for moment in period]

    def out(self, time_s: float) -> bool:
        """Whether it is out."""
        return bisect_right(self._switches, time_s) % 2 == 1


OutageParams = Annotated[DrawnOutages | ListedOutages, Field(discriminator="kind")]
