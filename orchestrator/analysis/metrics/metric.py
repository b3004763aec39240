"""What a figure of a market is called and means, and the families that measure several at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from orchestrator.analysis.logged_run import LoggedRun


@dataclass(frozen=True)
class Metric:
    """A figure of one trial.

    ``unit`` is USD, s, share (1 is all), ratio, or what is counted; ``better`` says which way is
    up, where anybody would agree.
    """

    label: str
    unit: str
    better: Literal["higher", "lower"] | None
    meaning: str


#: By trial, then by the name of the metric.
Measured = dict[int, dict[str, float]]


@dataclass(frozen=True)
class Family:
    """Metrics that are measured together, by name.

    ``measure`` may leave out what is not defined: a metric, or a whole trial.
    """

    metrics: Mapping[str, Metric]
    measure: Callable[[LoggedRun], Measured]


def over(part: float, whole: float) -> float:
    """A ratio; NaN where there is nothing to be a part of."""
    return part / whole if whole > 0 else float("nan")
