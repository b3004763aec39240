"""The base of every parameter model, and distributions as parameters."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from market.fields import DECIMAL


class Params(BaseModel):
    """Validated once, then frozen; unknown keys, NaN and infinity are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


_Number = Annotated[float, Field(ge=-1e15, le=1e15)]
_Spread = Annotated[float, Field(ge=0, le=1e15)]
#: Draws of a greater one would overflow.
_Sigma = Annotated[float, Field(ge=0, le=100)]


class Distribution(Params):
    """A distribution to draw a number from; exactly one key names it.

    A plain number means a constant.
    """

    constant: _Number | None = None
    """Always this number."""
    uniform: tuple[_Number, _Number] | None = None
    """``[low, high]``: every number between them is equally likely."""
    normal: tuple[_Number, _Spread] | None = None
    """``[mean, deviation]`` of a normal distribution."""
    lognormal: tuple[Annotated[_Number, Field(gt=0)], _Sigma] | None = None
    """``[median, sigma]``: the logarithm is normal, with deviation sigma."""
    choice: Annotated[tuple[_Number, ...], Field(min_length=1)] | None = None
    """``[x, y, ...]``: each of these numbers is equally likely."""

    @model_validator(mode="after")
    def _one_kind(self) -> Distribution:
        kinds = type(self).model_fields
        if sum(getattr(self, kind) is not None for kind in kinds) != 1:
            raise ValueError(f"expected exactly one of {', '.join(kinds)}")
        if self.uniform and self.uniform[0] > self.uniform[1]:
            raise ValueError(f"expected uniform [low, high] with low <= high, got {self.uniform}")
        return self

    def draw(self, rng: np.random.Generator) -> float:
        """One draw."""
        if self.uniform is not None:
            return float(rng.uniform(*self.uniform))
        if self.normal is not None:
            return float(rng.normal(*self.normal))
        if self.lognormal is not None:
            median, sigma = self.lognormal
            return float(median * np.exp(sigma * rng.standard_normal()))
        if self.choice is not None:
            return float(rng.choice(self.choice))
        assert self.constant is not None  # the validator left nothing else
        return self.constant

    def draw_within(self, rng: np.random.Generator, low: float, high: float) -> float:
        """One draw, moved to the nearest end where it falls outside [low, high]."""
        return min(high, max(low, self.draw(rng)))


def _as_distribution(value: Any) -> Any:
    if isinstance(value, str) and DECIMAL.fullmatch(value):  # YAML takes 1e-3 for a text
        value = float(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return {"constant": value} if is_number else value


#: A distribution, or a number in its place.
Draw = Annotated[Distribution, BeforeValidator(_as_distribution)]
