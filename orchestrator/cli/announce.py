"""What a run tells the person who started it, before and after."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from orchestrator.analysis.misreport import Misreport, largest_misreports
from orchestrator.analysis.summary import RunSummary, summarize
from orchestrator.analysis.summary_rows import summary_rows
from orchestrator.cli.progress import RunProgress
from orchestrator.runs.directory import COMPARED
from orchestrator.runs.run import Footprint, Plan
from orchestrator.scenario.model import Scenario

MIB = 2**20

#: No table is wider.
MOST_COLUMNS = 10_000


class Words:
    """Tells of a run in words, or if ``quiet`` only where its log is."""

    def __init__(self, *, quiet: bool):
        self._quiet = quiet
        self._console = Console(quiet=quiet)

    def plan(
        self, name: str, scenario: Scenario, plan: Plan, directory: Path, stands: str | None
    ) -> None:
        """What will run, and where a run ``stands`` that is gone on with."""
        if stands is not None:
            _say(self._console, f"{directory}: {stands}")
        announce_plan(self._console, Path(name), scenario, plan, directory)

    @contextmanager
    def progress(self, rounds: int) -> Iterator[RunProgress]:
        """What shows its ``rounds``."""
        with RunProgress(self._console, rounds) as progress:
            yield progress

    def result(
        self, directory: Path, scenario: Scenario, seconds: float, footprint: Footprint
    ) -> None:
        """The summary of a run, and what it took."""
        announce_result(self._console, directory, scenario, seconds, footprint)
        if self._quiet:
            click.echo(directory)

    def complete(self, directory: Path, scenario: Scenario) -> None:
        """That nothing of a run was left to do."""
        click.echo(directory if self._quiet else f"{directory} is complete")

    def failed(self, message: str, status: int) -> None:
        """Nothing but what is said on stderr."""

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Nothing but what is said on stderr."""
        yield


def announce_plan(
    console: Console, path: Path, scenario: Scenario, plan: Plan, directory: Path
) -> None:
    """Say what will run and about how long it will take."""
    hubs = f"{scenario.hubs.count} matching hubs ({scenario.hubs.mechanism}) and a workflow hub"
    _say(console, f"{path.stem}: {plan.providers} providers, {hubs}")
    trials = f"{scenario.trials} trials of " if scenario.trials > 1 else ""
    _say(
        console,
        f"{trials}{scenario.rounds} rounds of {scenario.round_s:g} s, about {plan.turns:,} chat "
        f"requests and {plan.workflows} workflows",
    )
    if scenario.compare:
        names = " and ".join(scenario.compare)
        _say(console, f"then the same tape under {names}")
    _say(console, f"about {max(1, round(plan.seconds))} s; log in {directory}")


def announce_result(
    console: Console, directory: Path, scenario: Scenario, seconds: float, footprint: Footprint
) -> None:
    """Print the summary of a run, what it took, and the next commands to type."""
    if console.quiet:
        return
    runs = {scenario.hubs.mechanism: summarize(directory)}
    for mechanism in scenario.compare:
        runs[mechanism] = summarize(directory / COMPARED / mechanism)
    console.print()
    _show_table(console, runs)
    console.print()
    for misreport in largest_misreports(directory):
        _say(console, _misreport_line(misreport))
    rounds = sum(run.rounds for run in runs.values())
    where = "in one process"
    if footprint.processes > 1:
        where = f"in {footprint.processes} actors, Ray itself not counted"
    memory = f"{footprint.peak_bytes / MIB:.0f} MiB {where}"
    _say(console, f"\n{rounds} rounds in {seconds:.1f} s, at most {memory}. Next:")
    for command in _next_commands(directory):
        _say(console, f"  {command}")


def _show_table(console: Console, runs: Mapping[str, RunSummary]) -> None:
    """The summaries side by side, by mechanism; as wide as they are, so that none is cut."""
    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for mechanism in runs:
        table.add_column(mechanism, justify="right", no_wrap=True)
    for label, figures in summary_rows(list(runs.values())):
        table.add_row(label, *figures)
    unbounded = console.options.update_width(MOST_COLUMNS)
    table.width = console.measure(table, options=unbounded).maximum
    console.print(table, highlight=False, crop=False)


def _say(console: Console, line: str) -> None:
    """Print a line as it is: paths may be long, and may look like markup."""
    console.print(line, highlight=False, soft_wrap=True, markup=False)


def _next_commands(directory: Path) -> list[str]:
    """Commands that work as they are printed, from where the run was started."""
    here = Path(sys.argv[0])
    walras = "walras" if shutil.which("walras") else shlex.quote(str(here))
    python = shlex.quote(str(here.with_name("python"))) if here.parent.name == "bin" else "python"
    table = "requests" if (directory / "requests").exists() else "workflows"
    opened = f"from orchestrator import open_run; run = open_run('{directory}')"
    query = f"SELECT status, count(*) FROM {table} GROUP BY status"
    return [
        f"{walras} report {shlex.quote(str(directory))}",
        f"{python} -c \"{opened}; print(run.sql('{query}'))\"",
    ]


def _misreport_line(misreport: Misreport) -> str:
    lie = misreport.finding
    found = f"best misreport of {lie.participant} ({misreport.where}): "
    if not lie.gains:
        return f"{found}none gains; the truth earns it ${lie.truthful_utility:.6f}"
    return (
        f"{found}+${lie.regret:.6f} if it {lie.misreport}, on ${lie.truthful_utility:.6f} with the"
        " truth"
    )
