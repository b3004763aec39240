"""Running a market from Python, in this process and without Ray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from orchestrator.opened_run import Run
from orchestrator.runs.advance import Advance
from orchestrator.runs.directory import prepare_directory
from orchestrator.runs.run import in_this_process, plan
from orchestrator.scenario.model import Scenario, load_scenario, scenario_of

#: The name of a run whose scenario is not a file.
UNNAMED = "market"


def run_market(
    scenario: str | Path | Mapping[str, Any] | Scenario,
    out: str | Path,
    settings: Sequence[str] = (),
    *,
    force: bool = False,
) -> Run:
    """Run a market and what it is compared with, in this process; returns the run, opened.

    Args:
        scenario: a YAML file, the same as a dict, or a scenario.
        out: where the log goes, a directory that is new or empty.
        settings: KEY=VALUE overrides, as of ``walras run --set``.
        force: replace the run that is in the directory already.

    Raises:
        BadInput: the scenario or a file that it names is malformed, or ``out`` is taken.
        NotWritten: the log cannot be written.
    """
    described = _described(scenario, settings)
    plan(described)
    name = Path(scenario).stem if isinstance(scenario, str | Path) else UNNAMED
    directory = Path(out)
    prepare_directory(directory, force=force)
    in_this_process(described)(name, directory, _silent)
    return Run(directory)


def _silent(advance: Advance) -> None:
    """A notebook is told when all is over."""


def _described(
    scenario: str | Path | Mapping[str, Any] | Scenario, settings: Sequence[str]
) -> Scenario:
    if isinstance(scenario, str | Path):
        return load_scenario(Path(scenario), settings)
    if isinstance(scenario, Scenario):
        document = scenario.model_dump(mode="json")
    else:
        document = deepcopy(dict(scenario))
    return scenario_of(document, Path("scenario"), settings, Path.cwd())
