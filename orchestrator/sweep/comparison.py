"""Every arm's figures against the baseline's under the same seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from orchestrator.analysis.metrics import METRICS
from orchestrator.analysis.statistics import holm, interval, paired_test
from orchestrator.sweep.sweep import Arm, Sweep
from orchestrator.sweep.trial import Outcome

NAN = float("nan")


@dataclass(frozen=True)
class Comparison:
    """A metric of an arm, in the metric's unit, and how it differs from the baseline's.

    Figures are NaN where there are none: an interval asks for two draws, the baseline does not
    differ from itself.

    Attributes:
        n: how many seeds have a figure.
        low: of the 95 % Student interval of the mean; so ``high``.
        pairs: how many seeds have a figure in both.
        difference: the mean over the pairs of this arm less the baseline; so its interval.
        relative_difference: it over the absolute value of the baseline's mean over the pairs.
        p_value: of the two-sided paired t-test.
        p_holm: adjusted for all tests of the sweep's table.
    """

    arm: str
    baseline: str
    metric: str
    unit: str
    better: str | None
    n: int
    mean: float
    low: float
    high: float
    pairs: int
    difference: float
    difference_low: float
    difference_high: float
    relative_difference: float
    p_value: float
    p_holm: float


@dataclass(frozen=True)
class _Difference:
    pairs: int = 0
    mean: float = NAN
    half: float = NAN
    relative: float = NAN
    p_value: float = NAN


def compare(sweep: Sweep, outcomes: Sequence[Outcome]) -> list[Comparison]:
    """All metrics of all arms, the arms of a metric together, in the order of the sweep."""
    by_arm = _figures(sweep, outcomes)
    keys = [(metric, arm) for metric in sweep.metrics for arm in sweep.arms]
    differences = [
        _Difference()
        if arm.name == arm.baseline
        else _difference(by_arm[arm.name][metric], by_arm[arm.baseline][metric])
        for metric, arm in keys
    ]
    adjusted = holm([one.p_value for one in differences])
    return [
        _comparison(metric, arm, by_arm[arm.name][metric], difference, p_holm)
        for (metric, arm), difference, p_holm in zip(keys, differences, adjusted, strict=True)
    ]


def _figures(
    sweep: Sweep, outcomes: Sequence[Outcome]
) -> Mapping[str, Mapping[str, Sequence[float]]]:
    """By arm and metric, a figure for every seed; NaN where the trial has none."""
    place = {seed: index for index, seed in enumerate(sweep.seeds)}
    found = {
        arm.name: {metric: [NAN] * len(place) for metric in sweep.metrics} for arm in sweep.arms
    }
    for outcome in outcomes:
        for metric, figures in found[outcome.arm].items():
            figure = outcome.figures.get(metric)
            figures[place[outcome.seed]] = NAN if figure is None else figure
    return found


def _difference(ours: Sequence[float], theirs: Sequence[float]) -> _Difference:
    test = paired_test(ours, theirs)
    if not test.pairs:
        return _Difference()
    both = ~np.isnan(ours) & ~np.isnan(theirs)
    base = abs(float(np.asarray(theirs)[both].mean()))
    mean = test.difference.mean
    relative = mean / base if base else NAN
    return _Difference(test.pairs, mean, test.difference.half, relative, test.p_value)


def _comparison(
    metric: str, arm: Arm, figures: Sequence[float], found: _Difference, p_holm: float
) -> Comparison:
    known = [value for value in figures if not math.isnan(value)]
    mean, half = (known[0] if known else NAN), NAN
    if len(known) > 1:
        of_mean = interval(known)
        mean, half = of_mean.mean, of_mean.half
    return Comparison(
        arm=arm.name,
        baseline=arm.baseline,
        metric=metric,
        unit=METRICS[metric].unit,
        better=METRICS[metric].better,
        n=len(known),
        mean=mean,
        low=mean - half,
        high=mean + half,
        pairs=found.pairs,
        difference=found.mean,
        difference_low=found.mean - found.half,
        difference_high=found.mean + found.half,
        relative_difference=found.relative,
        p_value=found.p_value,
        p_holm=p_holm,
    )
