"""What a sweep tells the person who started it, before and after."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from orchestrator.analysis.metrics import METRICS
from orchestrator.cli.announce import MOST_COLUMNS
from orchestrator.sweep.comparison import Comparison
from orchestrator.sweep.run import Results
from orchestrator.sweep.sweep import Sweep, SweepPlan
from orchestrator.sweep.tables import COMPARISON, TRIALS

#: Shown where a sweep's file names no metrics.
MAIN = (
    "chat_welfare_usd",
    "client_surplus_usd",
    "provider_profit_usd",
    "hit_rate",
    "ttft_mean_s",
    "chat_efficiency",
    "workflow_paid_usd",
    "workflow_efficiency",
)


def plan_lines(sweep: Sweep, plan: SweepPlan, directory: Path) -> Iterator[str]:
    """What will run, about how long it would take on one core, and where it goes."""
    arms, seeds = len(sweep.arms), len(sweep.seeds)
    yield (
        f"{sweep.name}: {arms} arms under {seeds} seeds are {plan.trials} trials of up to "
        f"{plan.providers} providers"
    )
    yield f"about {max(1, round(plan.seconds))} s of one core; results in {directory}"


def arm_lines(sweep: Sweep) -> Iterator[str]:
    """The arms, the baseline marked, and the seeds."""
    for arm in sweep.arms:
        yield f"  {arm.name}{' (baseline)' if arm.name == sweep.baseline else ''}"
    first, last = sweep.seeds[0], sweep.seeds[-1]
    whole = sweep.seeds == tuple(range(first, last + 1))
    yield f"  seeds {f'{first} to {last}' if whole else ', '.join(map(str, sweep.seeds))}"


def announce_results(
    console: Console, sweep: Sweep, directory: Path, results: Results, seconds: float
) -> None:
    """Print the table of the main metrics, the failures, what it took, and where all of it is."""
    shown = _shown_metrics(sweep, results.comparisons)
    if shown:
        console.print()
        _show_table(console, sweep, [one for one in results.comparisons if one.metric in shown])
        console.print()
    complete = len(results.outcomes) - len(results.failed)
    took = sum(one.wall_s for one in results.ran)
    for line in (
        f"{complete} trials complete, {len(results.failed)} failed",
        *(f"  {one.arm}, seed {one.seed}: {one.error}" for one in results.failed),
        f"{len(results.ran)} trials that took {took:.1f} s were run in {seconds:.1f} s",
        "± is half of a 95 % interval over seeds; p is of paired t-tests, Holm-adjusted over all "
        "arms and metrics",
        f"all metrics: {directory / COMPARISON}.csv, .parquet",
        f"all trials:  {directory / TRIALS}.csv, .parquet",
    ):
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def _shown_metrics(sweep: Sweep, comparisons: Sequence[Comparison]) -> set[str]:
    """Those that were asked for, or else the main ones; without those that no arm has."""
    asked = sweep.metrics if len(sweep.metrics) < len(METRICS) else MAIN
    return {one.metric for one in comparisons if one.n and one.metric in asked}


def _show_table(console: Console, sweep: Sweep, rows: Sequence[Comparison]) -> None:
    """The comparisons, as wide as they are, so that none is cut."""
    table = Table(box=None, pad_edge=False)
    for title in ("metric", "arm"):
        table.add_column(title, no_wrap=True)
    for title in ("mean", "less baseline", "relative", "p"):
        table.add_column(title, justify="right", no_wrap=True)
    before = ""
    for row in rows:
        metric = METRICS[row.metric]
        label = "" if row.metric == before else f"{metric.label}, {metric.unit}"
        before = row.metric
        marked = f"{row.arm} (baseline)" if row.arm == sweep.baseline else row.arm
        table.add_row(label, marked, *_figures(row))
    unbounded = console.options.update_width(MOST_COLUMNS)
    table.width = console.measure(table, options=unbounded).maximum
    console.print(table, highlight=False, crop=False, markup=False)


def _figures(row: Comparison) -> tuple[str, str, str, str]:
    relative, p_holm = row.relative_difference, row.p_holm
    return (
        _with_half(row.mean, row.high - row.mean),
        _with_half(row.difference, row.difference_high - row.difference),
        "" if math.isnan(relative) else f"{relative:+.1%}",
        "" if math.isnan(p_holm) else f"{p_holm:.2g}",
    )


def _with_half(mean: float, half: float) -> str:
    if math.isnan(mean):
        return ""
    return f"{mean:.4g}" if math.isnan(half) else f"{mean:.4g} ± {half:.2g}"
