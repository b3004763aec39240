"""The runs that a report sets side by side: one and those of the same tape below it, or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from market.errors import BadInput
from orchestrator.log import read_table
from orchestrator.log.checkpoint import read_checkpoint
from orchestrator.report.round_axis import RoundAxis
from orchestrator.report.scenario_differences import labels
from orchestrator.runs.directory import COMPARED, RunDescription, read_description
from orchestrator.runs.run_file import RUN_FILE
from orchestrator.scenario.model import Scenario
from orchestrator.sweep.directory import is_sweep
from orchestrator.sweep.trial import RUNS


@dataclass(frozen=True)
class Arm:
    """A run, beside which others stand.

    Attributes:
        path: its directory.
        description: what its ``run.json`` says.
        axis: the rounds that its log has.
        label: what tells it from those beside it.
    """

    path: Path
    description: RunDescription
    axis: RoundAxis
    label: str

    @property
    def scenario(self) -> Scenario:
        """The resolved scenario."""
        return self.description.scenario

    @property
    def mechanism(self) -> str:
        """How its matching hubs cleared."""
        return self.scenario.hubs.mechanism

    @property
    def status(self) -> str:
        """How far it came."""
        return self.description.status

    @property
    def complete(self) -> bool:
        """Whether its log is whole."""
        return self.status == "complete"

    @property
    def head(self) -> str:
        """Its label over a column, with its status where its log is not whole."""
        return self.label if self.complete else f"{self.label} ({self.status})"

    @property
    def demand_rounds(self) -> int:
        """The last round in which demand arrives."""
        return self.scenario.rounds

    @property
    def with_demand(self) -> npt.NDArray[np.bool_]:
        """Which points of its axis are not in the drain, where answers are few."""
        within: npt.NDArray[np.bool_] = self.axis.x <= self.demand_rounds
        return within

    @property
    def whole_trials(self) -> range:
        """The trials that came to their end."""
        reached = read_checkpoint(self.path)
        return range(0 if reached is None else reached.trial + reached.over)


def read_arms(run: Path) -> list[Arm]:
    """The run itself, then those below it that were started, in the order of its scenario.

    Raises:
        BadInput: the directory holds no run of ours.
    """
    _check_no_sweep(run)
    planned = read_description(run).scenario.compare
    below = [run / COMPARED / mechanism for mechanism in planned]
    paths = [run, *(path for path in below if (path / RUN_FILE).exists())]
    described = [read_description(path) for path in paths]
    return _arms(paths, described, [one.scenario.hubs.mechanism for one in described])


def read_runs(runs: Sequence[Path]) -> list[Arm]:
    """An arm a run, without those below it, labelled by what differs between the scenarios.

    Raises:
        BadInput: a directory holds no run of ours, or is named twice.
    """
    seen: set[Path] = set()
    for run in runs:
        _check_no_sweep(run)
        if run.resolve() in seen:
            raise BadInput(str(run), "is named twice: expected different runs")
        seen.add(run.resolve())
    described = [read_description(run) for run in runs]
    return _arms(runs, described, labels([one.scenario for one in described], runs))


def _check_no_sweep(path: Path) -> None:
    """Say of a sweep's directory where its runs are."""
    if is_sweep(path):
        problem = f"is a sweep: expected some of its runs, {path / RUNS}/ARM/sSEED"
        raise BadInput(str(path), problem)


def _arms(
    paths: Sequence[Path], described: Sequence[RunDescription], labelled: Sequence[str]
) -> list[Arm]:
    logs = [read_table(path, "rounds", ["round"])["round"].to_numpy() for path in paths]
    return [
        Arm(*one) for one in zip(paths, described, RoundAxis.aligned(logs), labelled, strict=True)
    ]
