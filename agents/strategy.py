"""How a participant turns a private number into the one it reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field, model_validator

from agents.params import Params


class Truthful(Params):
    """Reports the private number itself."""

    kind: Literal["truthful"] = "truthful"

    def factor(self, draw: Callable[[], float]) -> float:
        """What the private number is multiplied by."""
        return 1.0


class MarkUp(Params):
    """Reports more than the private number, always by the same factor."""

    kind: Literal["mark_up"] = "mark_up"
    by: float = Field(1.25, ge=1, le=1000)

    def factor(self, draw: Callable[[], float]) -> float:
        """What the private number is multiplied by."""
        return self.by


class MarkDown(Params):
    """Reports less than the private number, always by the same factor."""

    kind: Literal["mark_down"] = "mark_down"
    by: float = Field(0.8, ge=0.001, le=1)

    def factor(self, draw: Callable[[], float]) -> float:
        """What the private number is multiplied by."""
        return self.by


class Random(Params):
    """Reports the private number times a uniform draw from ``between``, anew every time."""

    kind: Literal["random"] = "random"
    between: tuple[float, float] = (0.7, 1.5)

    @model_validator(mode="after")
    def _ordered(self) -> Random:
        low, high = self.between
        if not 0.001 <= low <= high <= 1000:
            raise ValueError(
                f"expected [low, high] with 0.001 <= low <= high <= 1000, got [{low}, {high}]"
            )
        return self

    def factor(self, draw: Callable[[], float]) -> float:
        """What the private number is multiplied by, by a uniform ``draw`` from [0, 1)."""
        low, high = self.between
        return low + (high - low) * draw()


#: Every strategy; one more is one class more.
Strategy = Annotated[Truthful | MarkUp | MarkDown | Random, Field(discriminator="kind")]
