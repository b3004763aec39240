"""What a run tells the person who started it, before and after."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from orchestrator.analysis.misreport import Misreport, chat_misreport, workflow_misreport
from orchestrator.analysis.summary import summarize
from orchestrator.analysis.summary_rows import summary_rows
from orchestrator.run import Plan
from orchestrator.run_directory import COMPARED
from orchestrator.scenario import Scenario


def announce_plan(
    console: Console, path: Path, scenario: Scenario, plan: Plan, directory: Path
) -> None:
    """Say what will run and about how long it will take."""
    hubs = f"{scenario.hubs.count} matching hubs ({scenario.hubs.mechanism}) and a workflow hub"
    console.print(f"[bold]{path.stem}[/bold]: {plan.providers} providers, {hubs}", highlight=False)
    trials = f"{scenario.trials} trials of " if scenario.trials > 1 else ""
    console.print(
        f"{trials}{scenario.rounds} rounds of {scenario.round_s:g} s, up to {plan.turns:,} chat "
        f"requests and {plan.workflows} workflows",
        highlight=False,
    )
    if scenario.compare:
        names = " and ".join(scenario.compare)
        console.print(f"then the same tape under {names} routing", highlight=False)
    console.print(f"about {max(1, round(plan.seconds))} s; log in {directory}", highlight=False)


def announce_result(console: Console, directory: Path, scenario: Scenario) -> None:
    """Print the summary of a finished run, and the next commands to type."""
    if console.quiet:
        return
    runs = {scenario.hubs.mechanism: summarize(directory)}
    for mechanism in scenario.compare:
        runs[mechanism] = summarize(directory / COMPARED / mechanism)
    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for mechanism in runs:
        table.add_column(mechanism, justify="right", no_wrap=True)
    for label, figures in summary_rows(list(runs.values())):
        table.add_row(label, *figures)
    console.print()
    console.print(table, highlight=False)
    console.print()
    for misreport in (chat_misreport(directory), workflow_misreport(directory)):
        if misreport is not None:
            console.print(_misreport_line(misreport), highlight=False, soft_wrap=True)
    seconds = sum(run.seconds for run in runs.values())
    rounds = sum(run.rounds for run in runs.values())
    console.print(f"\n{rounds} rounds in {seconds:.1f} s. Next:", highlight=False)
    for command in _next_commands(directory):
        console.print(f"  {command}", highlight=False, soft_wrap=True, markup=False)


def _next_commands(directory: Path) -> list[str]:
    """Commands that work as they are printed, from where the run was started."""
    here = Path(sys.argv[0])
    walras = "walras" if shutil.which("walras") else shlex.quote(str(here))
    python = shlex.quote(str(here.with_name("python"))) if here.parent.name == "bin" else "python"
    requests = f"duckdb.read_parquet('{directory}/requests/*.parquet')"
    return [
        f"{walras} report {shlex.quote(str(directory))}",
        f"{python} -c \"import duckdb; print({requests}.aggregate('status, count(*)'))\"",
    ]


def _misreport_line(lie: Misreport) -> str:
    found = f"best misreport of {lie.provider} ({lie.where}): "
    if lie.regret_usd <= 1e-9 * max(1.0, abs(lie.truthful_gain_usd)):
        return f"{found}none gains; the truth earns it ${lie.truthful_gain_usd:.6f}"
    return (
        f"{found}+${lie.regret_usd:.6f} by bidding {lie.best_bid_over_cost:.2f} x its cost, "
        f"on ${lie.truthful_gain_usd:.6f} with the truth"
    )
