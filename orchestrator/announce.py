"""What a run tells the person who started it, before and after."""

from __future__ import annotations

import shlex
from pathlib import Path

from rich.console import Console
from rich.table import Table

from orchestrator.analysis.misreport import Misreport, chat_misreport, workflow_misreport
from orchestrator.analysis.summary import summarize
from orchestrator.analysis.summary_rows import SUMMARY_ROWS
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
    for label, show in SUMMARY_ROWS:
        table.add_row(label, *map(show, runs.values()))
    console.print()
    console.print(table, highlight=False)
    console.print()
    for misreport in (chat_misreport(directory), workflow_misreport(directory)):
        if misreport is not None:
            console.print(_misreport_line(misreport), highlight=False, soft_wrap=True)
    seconds = sum(run.seconds for run in runs.values())
    rounds = sum(run.rounds for run in runs.values())
    console.print(f"\n{rounds} rounds in {seconds:.1f} s. Next:", highlight=False)
    where = shlex.quote(str(directory))
    console.print(f"  walras report {where}", highlight=False, soft_wrap=True)
    first = f"SELECT status, count(*) FROM '{directory}/requests/*.parquet' GROUP BY status"
    console.print(f'  duckdb -c "{first}"', highlight=False, soft_wrap=True)


def _misreport_line(lie: Misreport) -> str:
    found = f"best misreport of {lie.provider} ({lie.where}): "
    if lie.regret_usd <= 1e-9 * max(1.0, abs(lie.truthful_gain_usd)):
        return f"{found}none gains; the truth earns it ${lie.truthful_gain_usd:.6f}"
    return (
        f"{found}+${lie.regret_usd:.6f} by bidding {lie.best_bid_over_cost:.2f} x its cost, "
        f"on ${lie.truthful_gain_usd:.6f} with the truth"
    )
