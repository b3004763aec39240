"""One trial of a sweep: a run of its own, and the figures that are taken of it."""

from __future__ import annotations

import math
import shutil
import traceback
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from market.errors import BadInput, WalrasError
from market.release import running_release
from orchestrator.analysis.metrics import market_metrics
from orchestrator.log.checkpoint import CHECKPOINT, PENDING
from orchestrator.log.durable import refusals_told, write_atomically
from orchestrator.log.tables import TABLES
from orchestrator.reading.text_file import read_text
from orchestrator.resume import Tell, to_stderr
from orchestrator.runs.directory import STATE, prepare_directory, stopped
from orchestrator.runs.run import in_this_process
from orchestrator.runs.run_file import RUN_FILE
from orchestrator.scenario.model import Scenario
from orchestrator.stopwatch import Stopwatch
from orchestrator.sweep.sweep import Sweep

RUNS = "runs"
FIGURES = "figures"

#: Of the message of an error so many characters are kept.
KEPT = 300


class Outcome(BaseModel):
    """What came of a trial.

    Attributes:
        error: why it failed, in a line; empty if it is complete.
        wall_s: how long its last go took, the figures included.
        release: the version and the source, shortened, of what it last ran on.
        figures: by metric that was taken, the mean over the trials of its run; None where one of
            them has none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    arm: str
    seed: int
    status: Literal["complete", "failed"]
    error: str
    wall_s: float
    release: str
    figures: dict[str, float | None]

    def has(self, metrics: Collection[str]) -> bool:
        """Whether the trial is complete, and all of some metrics were taken."""
        return self.status == "complete" and self.figures.keys() >= set(metrics)


@dataclass(frozen=True)
class Trial:
    """An arm under a seed.

    Attributes:
        home: the sweep's directory, absolute.
        metrics: the figures to take.
        keep_log: whether the log stays once they are taken.
        anew: it failed before, and what it left is removed.
    """

    arm: str
    seed: int
    scenario: Scenario
    home: Path
    metrics: tuple[str, ...]
    keep_log: bool
    anew: bool = False

    @property
    def run(self) -> Path:
        """Its run's directory."""
        return self.home / RUNS / self.arm / f"s{self.seed}"

    @property
    def outcome_file(self) -> Path:
        """Where its outcome is written."""
        return self.home / FIGURES / self.arm / f"s{self.seed}.json"

    @property
    def traceback_file(self) -> Path:
        """Where the traceback is written of what was no error of ours."""
        return self.outcome_file.with_suffix(".traceback")

    def __str__(self) -> str:
        return f"{self.arm}, seed {self.seed}"


def all_trials(sweep: Sweep, home: Path) -> list[Trial]:
    """Every arm under every seed: the arms of one seed stand together."""
    return [
        Trial(
            arm=arm.name,
            seed=seed,
            scenario=arm.scenario.model_copy(update={"seed": seed}),
            home=home.absolute(),
            metrics=sweep.metrics,
            keep_log=sweep.keep == "logs",
        )
        for seed in sweep.seeds
        for arm in sweep.arms
    ]


def run_trial(trial: Trial, tick: Callable[[], None], tell: Tell = to_stderr) -> Outcome:
    """Run a trial in this process, or go on with it, and write down what came of it.

    Whatever error ends it becomes its outcome. ``tick`` is called after every round.

    Raises:
        NotWritten: the outcome cannot be written.
    """
    clock = Stopwatch()
    error = ""
    figures: dict[str, float | None] = {}
    try:
        _begin(trial)
        market = in_this_process(trial.scenario)
        market(trial.arm, trial.run, lambda _: tick(), tell)
        figures = _figures(trial)
    except WalrasError as reason:
        error = str(reason)
    except Exception as reason:  # a bug that one trial meets must not stop the others
        error = f"{type(reason).__name__}: {reason}; see {trial.traceback_file}"
        _write(trial.traceback_file, traceback.format_exc())
    clock.lap("trial_s")
    outcome = note_outcome(trial, error, clock.seconds["trial_s"], figures)
    if not error and not trial.keep_log:
        remove_log(trial.run)
    return outcome


def _begin(trial: Trial) -> None:
    """Make room for it, and forget what came of it before: from now on it is half done."""
    if trial.anew or not (trial.run / RUN_FILE).is_file():
        prepare_directory(trial.run, force=trial.anew)
    with refusals_told(trial.outcome_file):
        trial.traceback_file.unlink(missing_ok=True)
        trial.outcome_file.unlink(missing_ok=True)


def note_outcome(
    trial: Trial, error: str, wall_s: float, figures: Mapping[str, float | None] | None = None
) -> Outcome:
    """Write down what came of a trial, which failed if there is an ``error``.

    Raises:
        NotWritten: it cannot be written.
    """
    release = running_release()
    line = " ".join(error.split())
    outcome = Outcome(
        arm=trial.arm,
        seed=trial.seed,
        status="failed" if error else "complete",
        error=line if len(line) <= KEPT else f"{line[: KEPT // 2]} ... {line[-KEPT // 2 :]}",
        wall_s=wall_s,
        release=f"{release.versions['walras']} {release.source[:12]}",
        figures=dict(figures or {}),
    )
    _write(trial.outcome_file, outcome.model_dump_json(indent=2) + "\n")
    return outcome


def read_outcome(trial: Trial) -> Outcome | None:
    """What came of a trial before; None if it was not over.

    Raises:
        BadInput: its file is damaged.
    """
    path = trial.outcome_file
    if not path.is_file():
        return None
    try:
        return Outcome.model_validate_json(read_text(path))
    except ValidationError as error:
        problem = error.errors()[0]["msg"]
        raise BadInput(str(path), f"is not what a sweep says of a trial: {problem}") from None


def stop_trial(trial: Trial) -> None:
    """Let the description of a trial that no longer runs say so."""
    if (trial.run / RUN_FILE).is_file() and not trial.outcome_file.is_file():
        stopped(trial.run)


def remove_log(run: Path) -> None:
    """Remove the log of a run that is over; its description stays.

    Raises:
        NotWritten: something cannot be removed.
    """
    with refusals_told(run):
        for name in (*TABLES, PENDING, STATE):
            if (run / name).is_dir():
                shutil.rmtree(run / name)
        (run / CHECKPOINT).unlink(missing_ok=True)


def _figures(trial: Trial) -> dict[str, float | None]:
    by_trial = market_metrics(trial.run, only=trial.metrics).values()
    means = {name: sum(one[name] for one in by_trial) / len(by_trial) for name in trial.metrics}
    return {name: mean if math.isfinite(mean) else None for name, mean in means.items()}


def _write(path: Path, text: str) -> None:
    with refusals_told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode())
