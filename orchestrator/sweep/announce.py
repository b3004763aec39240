"""What a sweep tells the person who started it, before and after."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from orchestrator.analysis.metrics import METRICS, Metric
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
    """The arms, each with the one that it is compared with, and the seeds."""
    several = len({arm.baseline for arm in sweep.arms}) > 1
    for arm in sweep.arms:
        against = f" (against {arm.baseline})" if several else ""
        yield f"  {arm.name}{' (baseline)' if arm.name == arm.baseline else against}"
    first, last = sweep.seeds[0], sweep.seeds[-1]
    whole = sweep.seeds == tuple(range(first, last + 1))
    yield f"  seeds {f'{first} to {last}' if whole else ', '.join(map(str, sweep.seeds))}"


def announce_results(
    console: Console, sweep: Sweep, directory: Path, results: Results, seconds: float
) -> None:
    """Print the table of the main metrics, the failures, what it took, and where all of it is."""
    shown = _shown_metrics(sweep, results.comparisons)
    rows = [one for one in results.comparisons if one.metric in shown]
    table = ["", *_table_lines(rows), ""] if rows else []
    if tests := sum(not math.isnan(one.p_value) for one in results.comparisons):
        table += [
            "± is half of a 95 % interval over seeds; p is of a paired t-test,",
            f"Holm-adjusted for all {tests} tests in {COMPARISON}.csv",
        ]
    complete = len(results.outcomes) - len(results.failed)
    took = sum(one.wall_s for one in results.ran)
    for line in (
        *table,
        f"{complete} trials complete, {len(results.failed)} failed",
        *(f"  {one.arm}, seed {one.seed}: {one.error}" for one in results.failed),
        f"{len(results.ran)} trials that took {took:.1f} s were run in {seconds:.1f} s",
        f"all metrics: {directory / COMPARISON}.csv, .parquet",
        f"all trials:  {directory / TRIALS}.csv, .parquet",
    ):
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def _shown_metrics(sweep: Sweep, comparisons: Sequence[Comparison]) -> set[str]:
    """Those that were asked for, or else the main ones; without those that no arm has."""
    asked = sweep.metrics if len(sweep.metrics) < len(METRICS) else MAIN
    return {one.metric for one in comparisons if one.n and one.metric in asked}


def _table_lines(rows: Sequence[Comparison]) -> Iterator[str]:
    """The comparisons, the arms of a metric below its name, no column wider than it must be."""
    cells = [("", "mean", "less baseline", "relative", "p"), *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join([arm.ljust(widths[0]), *map(str.rjust, figures, widths[1:])]).rstrip()
        for arm, *figures in cells
    ]
    before = ""
    yield lines[0]
    for row, line in zip(rows, lines[1:], strict=True):
        if row.metric != before:
            yield _title(METRICS[row.metric])
            before = row.metric
        yield line


def _title(metric: Metric) -> str:
    better = f" ({metric.better} is better)" if metric.better else ""
    return f"{metric.label}, {metric.unit}{better}"


def _cells(row: Comparison) -> tuple[str, str, str, str, str]:
    half, difference_half = row.high - row.mean, row.difference_high - row.difference
    return (
        f"  {row.arm}",
        _shown(row.mean, ".4g", half),
        "(baseline)"
        if row.arm == row.baseline
        else _shown(row.difference, "+z.4g", difference_half),
        _shown(row.relative_difference, "+z.1%"),
        _shown(row.p_holm, ".2g"),
    )


def _shown(figure: float, form: str, half: float = math.nan) -> str:
    """A figure with half of its interval, as far as they are known."""
    text = "" if math.isnan(figure) else f"{figure:{form}}"
    return text if math.isnan(half) else f"{text} ± {half:.2g}"
