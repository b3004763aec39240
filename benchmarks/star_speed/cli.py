"""The command: which parts are measured, and at which sizes."""

from __future__ import annotations

import os
import platform
import textwrap
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import click

from benchmarks.star_speed import allocation, growth, mechanism, toulbar2
from benchmarks.star_speed.measure import check_meter
from benchmarks.star_speed.report import Aim, aims_table
from benchmarks.star_speed.subjects import OURS, SUBJECTS
from orchestrator.demand.paper_workflows import PAPER_WORKFLOWS

PARTS = ("allocation", "mechanism", "growth")

_SIZE = click.IntRange(min=4)
_COUNT = click.IntRange(min=1)
_SECONDS = click.FloatRange(min=0)

_PROVIDERS = (9, 90, 300)
_GROWTH_PROVIDERS = (10, 20, 50, 100, 200, 500, 1_000, 2_000, 3_000)
_GROWTH_WIDTHS = (1, 2, 3)
_GROWTH_NODES = (10, 20, 50, 100, 200, 500, 1_000)


@click.command("star")
@click.option("--part", "parts", type=click.Choice(PARTS), multiple=True, help="All by default.")
@click.option("--workflow", "workflows", type=click.Choice(tuple(PAPER_WORKFLOWS)), multiple=True)
@click.option("--subject", "subjects", type=click.Choice(tuple(SUBJECTS)), multiple=True)
@click.option("--providers", type=_SIZE, multiple=True, help="Sizes of the part allocation.")
@click.option("--growth-providers", type=_SIZE, multiple=True, help="Of S2 in the part growth.")
@click.option("--growth-nodes", type=_SIZE, multiple=True, help="Of k-trees in the part growth.")
@click.option("--width", "widths", type=_COUNT, multiple=True, help="Treewidths of the k-trees.")
@click.option("--seeds", type=_COUNT, default=5, show_default=True, help="Markets of every kind.")
@click.option("--repetitions", type=_COUNT, default=7, show_default=True, help="At most.")
@click.option("--budget-s", type=_SECONDS, default=3.0, show_default=True)
@click.option("--limit-s", type=_SECONDS, default=10.0, show_default=True)
def command(
    parts: Sequence[str],
    workflows: Sequence[str],
    subjects: Sequence[str],
    providers: Sequence[int],
    growth_providers: Sequence[int],
    growth_nodes: Sequence[int],
    widths: Sequence[int],
    seeds: int,
    repetitions: int,
    budget_s: float,
    limit_s: float,
) -> None:
    """STAR's exact allocation and payments: their speed and memory, peers', and growth.

    Options that can be given several times have the sizes of the documentation by default. After
    --budget-s seconds a cell is not repeated; growth stops where one market is expected to
    take more than --limit-s.
    """
    check_meter()
    parts = parts or PARTS
    workflows = workflows or tuple(PAPER_WORKFLOWS)
    subjects = list(dict.fromkeys([OURS, *(subjects or SUBJECTS)]))
    _check_installed(subjects if "allocation" in parts else ())
    started = time.perf_counter()
    aims: list[Aim] = []
    click.echo("# The speed of STAR\n")
    _say(_HEAD.format(versions=_versions(), cores=os.cpu_count(), seeds=seeds))
    if "allocation" in parts:
        sizes = allocation.Sizes(workflows, providers or _PROVIDERS, seeds, repetitions, budget_s)
        page, found = allocation.compare(subjects, sizes, _progress)
        aims += found
        _say(_ALLOCATION, page)
    if "mechanism" in parts:
        page, found = mechanism.compare(workflows, seeds, repetitions, budget_s, _progress)
        aims += found
        _say(_MECHANISM, page)
    if "growth" in parts:
        effort = growth.Effort(seeds, repetitions, budget_s / seeds, limit_s)
        page, found = growth.grow(
            growth_providers or _GROWTH_PROVIDERS,
            growth_nodes or _GROWTH_NODES,
            widths or _GROWTH_WIDTHS,
            effort,
            _progress,
        )
        aims += found
        _say(_GROWTH, page)
    _say(f"## Aims\n\nAll in {time.perf_counter() - started:.0f} s.", aims_table(aims))


_HEAD = """\
{versions}; {cores} cores; {seeds} markets of every kind. Figures are medians with [quartiles].
Seconds are those of the wall clock. A subject runs in a process of its own for every line. Memory
is "idle + growth": what the process holds once its imports are done and one small market is
solved, and how far its peak rises above that. Every repetition starts from new objects."""

_ALLOCATION = f"""\
## One allocation

Providers in three tiers, base prices over those of the paper's table 2, an input ratio of its own
for each, uniform in [0.1, 0.5]. Building is all from the workflow and the offers to the model, the
removal of dominated providers included where there is one; for HiGHS, solving includes handing
over the model. toulbar2 adds up integers, {toulbar2.FEASIBLE_COST:g} to the cost of a feasible
allocation, which it is given as an upper bound. Spreads are over all repetitions, those of ratios
over the markets. All allocations cost the same to {allocation.AGREEMENT:g}, computed anew in
floats. "First" is the first, small market in the fresh process, what is imported or compiled for
it included."""

_MECHANISM = f"""\
## The whole mechanism

Allocation and all payments, {mechanism.PROVIDERS} providers as above, beside the published method:
algorithm 1 with epsilon {mechanism.EPSILON:g} of the support of the prior, one MILP solved by
HiGHS for every quantity it asks for; its program is built once a market and no quantity computed
twice. Work that is never lost is paid nothing, as published. Payments agree within epsilon times
the quantity lost; the last column is the largest gap as a part of that."""

_GROWTH = """\
## Growth

One allocation with its building, and the whole mechanism. "Tiered" is the population above,
"incomparable" one where everybody is capable of another half of the nodes, so that nobody
dominates anybody. Workflows of a given treewidth are random partial k-trees. Memory is the growth
of the peak up to a size, over what the process held once the smallest size was done. Spreads are
over the markets. The last table has the exponents: the slope of log time over log size, ± its
standard error."""


def _check_installed(subjects: Sequence[str]) -> None:
    for name in subjects:
        needed = SUBJECTS[name].needs
        if needed and find_spec(needed) is None:
            problem = f"{name} needs {needed}, which is not installed: pip install -e '.[bench]'"
            raise click.ClickException(f"{problem}, or name the other subjects with --subject")


def _versions() -> str:
    told = [f"Python {platform.python_version()}"]
    for package in ("numpy", "numba", "highspy", "pytoulbar2"):
        try:
            told.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            told.append(f"no {package}")
    return ", ".join(told)


def _progress(what: str) -> None:
    click.echo(what, err=True)


def _say(text: str, *tables: str) -> None:
    """Print a heading with its text, the lines filled anew, and tables as they are."""
    *heading, prose = text.split("\n\n")
    click.echo("\n\n".join([*heading, textwrap.fill(prose, 100), *tables]) + "\n")
