"""The runs that a report sets side by side: one, and those of the same tape below it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from orchestrator.log import read_table
from orchestrator.report.round_axis import RoundAxis
from orchestrator.runs.directory import COMPARED, RunDescription, read_description
from orchestrator.runs.run_file import RUN_FILE
from orchestrator.scenario.model import Scenario


@dataclass(frozen=True)
class Arm:
    """A run under one mechanism.

    Attributes:
        path: its directory.
        description: what its ``run.json`` says.
        axis: the rounds that its log has.
    """

    path: Path
    description: RunDescription
    axis: RoundAxis

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
    def demand_rounds(self) -> int:
        """The last round in which demand arrives."""
        return self.scenario.rounds

    @property
    def with_demand(self) -> npt.NDArray[np.bool_]:
        """Which points of its axis are not in the drain, where answers are few."""
        within: npt.NDArray[np.bool_] = self.axis.x <= self.demand_rounds
        return within


def read_arms(run: Path) -> list[Arm]:
    """The run itself, then those below it that were started, in the order of its scenario.

    Raises:
        BadInput: the directory holds no run of ours.
    """
    planned = read_description(run).scenario.compare
    below = [run / COMPARED / mechanism for mechanism in planned]
    paths = [run, *(path for path in below if (path / RUN_FILE).exists())]
    logs = [read_table(path, "rounds", ["round"])["round"].to_numpy() for path in paths]
    return [
        Arm(path, read_description(path), axis)
        for path, axis in zip(paths, RoundAxis.aligned(logs), strict=True)
    ]
