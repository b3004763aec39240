"""The runs that a report sets side by side: one, and those of the same tape below it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from market.errors import BadInput
from orchestrator.log import read_description, read_table
from orchestrator.log.reader import RUN_FILE
from orchestrator.report.round_axis import RoundAxis
from orchestrator.run_directory import COMPARED, COMPLETE

KEYS = ("name", "status", "seed", "versions", "scenario")


@dataclass(frozen=True)
class Arm:
    """A run under one mechanism.

    Attributes:
        mechanism: how its matching hubs cleared.
        path: its directory.
        description: what its ``run.json`` says; has all of ``KEYS``.
        axis: the rounds that its log has.
    """

    mechanism: str
    path: Path
    description: Mapping[str, Any]
    axis: RoundAxis

    @property
    def scenario(self) -> Mapping[str, Any]:
        """The resolved scenario."""
        return dict(self.description["scenario"])

    @property
    def status(self) -> str:
        """How far it came."""
        return str(self.description["status"])

    @property
    def complete(self) -> bool:
        """Whether its log is whole."""
        return self.status == COMPLETE

    @property
    def demand_rounds(self) -> int:
        """The last round in which demand arrives."""
        return int(self.scenario["rounds"])


def read_arms(run: Path) -> list[Arm]:
    """The run itself, then those below it that were started, in the order of its scenario.

    Raises:
        BadInput: the directory holds no run of ours.
    """
    arms = [_read_arm(run)]
    planned = list(arms[0].scenario["compare"])
    below = [path for path in (run / COMPARED).glob("*") if (path / RUN_FILE).exists()]
    below.sort(key=lambda path: (path.name not in planned, _place(planned, path), path.name))
    return arms + [_read_arm(path) for path in below]


def _place(planned: list[str], path: Path) -> int:
    return planned.index(path.name) if path.name in planned else 0


def _read_arm(path: Path) -> Arm:
    description = read_description(path)
    for key in KEYS:
        if key not in description:
            raise BadInput(str(path / RUN_FILE), f"expected the key {key!r}")
    rounds = read_table(path, "rounds", ["round"])["round"].to_numpy()
    mechanism = str(description["scenario"]["hubs"]["mechanism"])
    return Arm(mechanism, path, description, RoundAxis(rounds))
