"""Small markets for tests, and the one way to run them: every run's invariants are checked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from orchestrator.cli.progress import Advance, RunProgress
from orchestrator.log import read_table
from orchestrator.runs.directory import prepare_directory
from orchestrator.runs.run import run_scenario
from orchestrator.runtime import InProcess, Runtime
from orchestrator.scenario.model import Scenario
from tests.engine_profiles import LARGE_RECORD, SMALL_RECORD
from tests.invariants import check_run

GROUPS: list[dict[str, Any]] = [
    {
        "name": "small",
        "count": 8,
        "tier": 1,
        "domains": ["code", "law"],
        "chat_slots": 2,
        "engine": {"profile": SMALL_RECORD},
        "cost": {"base": {"uniform": [0.1, 0.3]}},
    },
    {
        "name": "large",
        "count": 4,
        "tier": 3,
        "domains": ["code", "law"],
        "chat_slots": 1,
        "workflow_slots": 2,
        "input_ratio": {"uniform": [0.2, 0.3]},
        "engine": {"profile": LARGE_RECORD},
        "cost": {"base": {"uniform": [2.5, 7.5]}},
    },
]

#: A stated prior of every kind for the providers of ``GROUPS[1]``, right or wrong.
PRIORS: dict[str, dict[str, Any]] = {
    "uniform": {"low": 0.05, "high": 6.0},
    "truncated_normal": {"mean": 2.0, "deviation": 2.0, "low": 0.0, "high": 8.0},
    "truncated_lognormal": {"median": 2.0, "sigma": 0.8, "low": 0.05, "high": 8.0},
    "empirical": {"samples": [0.4, 0.5, 0.9, 2.0, 2.1, 4.0, 4.4], "low": 0.1, "high": 8.0},
}
PRIORS = {kind: {"kind": kind} | stated for kind, stated in PRIORS.items()}

DIALOGUES = {"kind": "dialogues", "rate_per_s": 6, "burstiness": 0.5}
WORKFLOWS = {"kind": "workflows", "every_rounds": 3, "execution_token_scale": 0.001}


def small_market(**changes: Any) -> Scenario:
    """A market of twelve providers and ten rounds, with whatever is changed."""
    document: dict[str, Any] = {
        "seed": 3,
        "rounds": 10,
        "providers": GROUPS,
        "hubs": {"count": 2},
        "demand": [DIALOGUES, WORKFLOWS],
        "log": {"checkpoint_rounds": 4},
    }
    return Scenario.model_validate(document | changes)


def run_market(
    scenario: Scenario,
    directory: Path,
    name: str = "test",
    progress: RunProgress | None = None,
    runtime: Runtime | None = None,
) -> Path:
    """Run a market into ``directory`` and check what must hold of any run."""
    prepare_directory(directory, force=False)
    with progress or RunProgress(Console(quiet=True), scenario.rounds) as shown:
        run_scenario(scenario, name, directory, runtime or InProcess(), shown.show)
    check_run(directory)
    return directory


def rewritten(
    run: Path, copy: Path, table: str, change: Callable[[list[dict[str, Any]]], None]
) -> Path:
    """A copy of a run with other rows in one table, which ``change`` is given to change."""
    shutil.copytree(run, copy)
    rows = read_table(copy, table)
    changed = rows.to_pylist()
    change(changed)
    shutil.rmtree(copy / table)
    (copy / table).mkdir()
    part = copy / table / "part-0000-000000.parquet"
    pq.write_table(pa.Table.from_pylist(changed, rows.schema), part)
    return copy


class StoppedAfter(RunProgress):
    """The person presses Ctrl-C after so many rounds."""

    def __init__(self, rounds: int):
        super().__init__(Console(quiet=True), rounds)
        self._left = rounds

    def show(self, advance: Advance) -> None:
        self._left -= 1
        if not self._left:
            raise KeyboardInterrupt
