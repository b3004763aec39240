"""Runs against the first one, pair by pair: trials of the same seed, or else blocks of rounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from orchestrator.analysis.metrics import METRICS, Metric
from orchestrator.analysis.statistics import ALPHA, PairedTest, holm, paired_test
from orchestrator.report.arms import Arm
from orchestrator.report.batch_means import BLOCK_METRICS, FEWEST_BLOCKS, Blocks, batch_means
from orchestrator.report.round_axis import Floats

#: With fewer trials, blocks of rounds are the pairs.
FEWEST_TRIALS = 5

#: The figures of every trial of a run, by trial, then by name: ``market_metrics``.
ByTrial = Mapping[int, Mapping[str, float]]


@dataclass(frozen=True)
class Pairs:
    """What is compared with what: (pairs,) of each metric, one such set an arm.

    Attributes:
        blocks: of which rounds a pair is; None where it is a trial.
        metrics: what the figures are.
        drawn: a set of figures for each arm, the first one that of the first arm.
    """

    blocks: Blocks | None
    metrics: Mapping[str, Metric]
    drawn: tuple[Mapping[str, Floats], ...]


@dataclass(frozen=True)
class NoPairs:
    """Why runs are only shown side by side."""

    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Compared:
    """A metric of one arm against the first; ``adjusted`` is the p-value corrected by Holm."""

    name: str
    metric: Metric
    arm: int
    first_mean: float
    mean: float
    test: PairedTest
    adjusted: float

    @property
    def relative(self) -> float:
        """The difference over the size of the first run's mean; NaN where that is nothing."""
        return self.test.difference.mean / self._scale

    @property
    def relative_half(self) -> float:
        """Half the width of the interval, by the same measure."""
        return self.test.difference.half / self._scale

    @property
    def identical(self) -> bool:
        """Whether no pair differs."""
        return self.test.difference.mean == self.test.difference.half == 0

    @property
    def told_apart(self) -> bool:
        """Whether the difference stays significant among all tests."""
        return self.adjusted < ALPHA

    @property
    def _scale(self) -> float:
        return abs(self.first_mean) or float("nan")


def pairs_of(arms: Sequence[Arm], by_trial: Sequence[ByTrial]) -> Pairs | NoPairs:
    """How the arms can be paired with the first one; ``by_trial`` has the figures of each."""
    reasons = _not_comparable(arms)
    if reasons:
        return NoPairs(tuple(reasons))
    trials = [trial for trial in arms[0].whole_trials if all(trial in a.whole_trials for a in arms)]
    if len(trials) >= FEWEST_TRIALS:
        drawn = tuple(_drawn(figures, trials) for figures in by_trial)
        return Pairs(None, METRICS, drawn)
    unfinished = [arm.label for arm in arms if not arm.complete]
    if unfinished:
        whole = f"{len(trials)} whole trials in common, of {FEWEST_TRIALS} that it takes"
        told = f"{', '.join(unfinished)} did not run to the end, and there are {whole}"
        return NoPairs((told,))
    if len({arm.scenario.trials for arm in arms}) > 1:
        return NoPairs(("the runs have different numbers of trials",))
    blocks = Blocks.of(arms[0].scenario)
    if blocks is None:
        few = f"rounds with demand: {arms[0].demand_rounds}, whole trials: {len(trials)}"
        needed = f"{FEWEST_TRIALS} trials or {FEWEST_BLOCKS} rounds"
        return NoPairs((f"too few for pairs ({few}): it takes {needed}",))
    means = tuple(batch_means(arm.path, blocks) for arm in arms)
    return Pairs(blocks, BLOCK_METRICS, means)


def compare(pairs: Pairs) -> list[Compared]:
    """Every metric that both runs have, of every arm but the first; one family of tests."""
    first = pairs.drawn[0]
    found = []
    for name, metric in pairs.metrics.items():
        for arm, drawn in enumerate(pairs.drawn[1:], start=1):
            both = ~np.isnan(first[name]) & ~np.isnan(drawn[name])
            if both.sum() < 2:
                continue
            ours, theirs = drawn[name][both], first[name][both]
            test = paired_test(ours.tolist(), theirs.tolist())
            means = float(theirs.mean()), float(ours.mean())
            found.append(Compared(name, metric, arm, *means, test, test.p_value))
    adjusted = holm([one.test.p_value for one in found])
    return [replace(one, adjusted=p) for one, p in zip(found, adjusted, strict=True)]


def _not_comparable(arms: Sequence[Arm]) -> list[str]:
    """In what the demand of the runs differs, in words; empty where all were asked the same."""
    told = []
    for what, said in (
        ("seeds", [arm.scenario.seed for arm in arms]),
        ("demand", [arm.scenario.demand for arm in arms]),
        ("lengths of a round", [arm.scenario.round_s for arm in arms]),
        ("numbers of rounds", [arm.demand_rounds for arm in arms]),
    ):
        if any(one != said[0] for one in said):
            told.append(f"the runs have different {what}")
    return told


def _drawn(figures: ByTrial, trials: Sequence[int]) -> dict[str, Floats]:
    return {name: np.array([figures[trial][name] for trial in trials]) for name in METRICS}
