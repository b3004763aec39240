"""Strategies that never learn (IEMAS, Sec. 5.4: honest, aggressive, conservative, random)."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal, Self

from pydantic import Field, model_validator

from agents.params import Params
from agents.strategy.role import Draw, Report


class Stationary(Params):
    """Reports by the same rule for ever, so that it is a reporter itself."""

    def start(self, who: str = "") -> Self:
        """A participant's reporter, whoever it is."""
        return self

    def without_feedback(self) -> Self:
        """The strategy where a participant is not told what its reports bring."""
        return self

    def report(self, draw: Draw) -> Report:
        """What to multiply the private number by."""
        return Report(self.factor(draw))

    def learn(self, report: Report, utility: float) -> None:
        """Nothing is learned."""

    def hear(self, highest: float | None) -> None:
        """No price changes the rule."""

    @abstractmethod
    def factor(self, draw: Draw) -> float:
        """What the private number is multiplied by, by a uniform ``draw`` from [0, 1)."""


class Truthful(Stationary):
    """Reports the private number itself."""

    kind: Literal["truthful"] = "truthful"

    def factor(self, draw: Draw) -> float:
        """Always 1."""
        return 1.0


class Aggressive(Stationary):
    """Reports more than the private number, always by the same factor."""

    kind: Literal["aggressive"] = "aggressive"
    by: float = Field(1.25, ge=1, le=1000)
    """The factor on the private number."""

    def factor(self, draw: Draw) -> float:
        """Always ``by``."""
        return self.by


class Conservative(Stationary):
    """Reports less than the private number, always by the same factor."""

    kind: Literal["conservative"] = "conservative"
    by: float = Field(0.8, ge=0.001, le=1)
    """The factor on the private number."""

    def factor(self, draw: Draw) -> float:
        """Always ``by``."""
        return self.by


class Random(Stationary):
    """Reports the private number times a uniform draw, anew every time."""

    kind: Literal["random"] = "random"
    between: tuple[float, float] = (0.7, 1.5)
    """``[low, high]`` of the factor on the private number, within 0.001 and 1000."""

    @model_validator(mode="after")
    def _ordered(self) -> Random:
        low, high = self.between
        if not 0.001 <= low <= high <= 1000:
            raise ValueError(
                f"expected [low, high] with 0.001 <= low <= high <= 1000, got [{low}, {high}]"
            )
        return self

    def factor(self, draw: Draw) -> float:
        """Somewhere between the bounds."""
        low, high = self.between
        return low + (high - low) * draw()
