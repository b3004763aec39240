"""Running a sweep: the trials that are left, then the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from orchestrator.sweep.comparison import Comparison, compare
from orchestrator.sweep.sweep import Sweep
from orchestrator.sweep.tables import (
    COMPARISON,
    TRIALS,
    comparison_table,
    trial_table,
    write_table,
)
from orchestrator.sweep.trial import Outcome, Trial, all_trials, read_outcome, remove_log, run_trial


class RunTrials(Protocol):
    """Runs trials somewhere, and yields their outcomes as they come.

    ``tick`` is called now and then meanwhile. Closed early, it lets none go on.
    """

    def __call__(self, trials: Sequence[Trial], tick: Callable[[], None]) -> Iterator[Outcome]:
        """The outcomes, each as soon as it is there."""


class Watch(Protocol):
    """Watches a sweep."""

    def begin(self, trials: int, before: Sequence[Outcome]) -> None:
        """So many trials in all; these are complete already."""

    def tick(self) -> None:
        """Time has passed."""

    def finished(self, outcome: Outcome) -> None:
        """A trial is over."""


@dataclass(frozen=True)
class Results:
    """What came of a sweep.

    Attributes:
        outcomes: of all trials, in the order in which they are started.
        comparisons: of all arms and metrics.
        ran: how many trials were run now; the others were complete.
    """

    outcomes: Sequence[Outcome]
    comparisons: Sequence[Comparison]
    ran: Sequence[Outcome]

    @property
    def failed(self) -> list[Outcome]:
        """The trials that failed."""
        return [one for one in self.outcomes if one.status == "failed"]

    @property
    def releases(self) -> list[str]:
        """The releases that the trials ran on."""
        return sorted({one.release for one in self.outcomes})


def run_sweep(sweep: Sweep, directory: Path, run_trials: RunTrials, watch: Watch) -> Results:
    """Run what is left of a sweep in its directory, which the caller holds, and write the tables.

    Complete trials are kept, half-done ones gone on with, failed ones begun anew; metrics that a
    complete one lacks are taken from its log.

    Raises:
        BadInput: what is there of a trial is damaged.
        NotWritten: it cannot be written there.
    """
    trials = all_trials(sweep, directory)
    left = []
    before = []
    for trial in trials:
        outcome = read_outcome(trial)
        if outcome is None or not outcome.has(trial.metrics):
            failed = outcome is not None and outcome.status == "failed"
            left.append(replace(trial, anew=failed))
            continue
        before.append(outcome)
        if not trial.keep_log:
            remove_log(trial.run)  # it may have been stopped before it was
    watch.begin(len(trials), before)
    ran = []
    for outcome in run_trials(left, watch.tick):
        ran.append(outcome)
        watch.finished(outcome)
    found = {(one.arm, one.seed): one for one in (*before, *ran)}
    ordered = [found[trial.arm, trial.seed] for trial in trials]
    results = Results(ordered, compare(sweep, ordered), ran)
    write_table(directory, TRIALS, trial_table(sweep, ordered))
    write_table(directory, COMPARISON, comparison_table(results.comparisons))
    return results


def one_after_another(trials: Sequence[Trial], tick: Callable[[], None]) -> Iterator[Outcome]:
    """Run trials in this process."""
    for trial in trials:
        yield run_trial(trial, tick)
