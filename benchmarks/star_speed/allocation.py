"""One allocation: ours beside exact peers, model building apart, answers checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import click
import numpy as np

from benchmarks.markdown import table
from benchmarks.star_speed.markets import Market, paper_market, small_market
from benchmarks.star_speed.measure import (
    Memory,
    MemoryMeter,
    Spread,
    in_fresh_process,
    timed,
    until_spent,
)
from benchmarks.star_speed.report import Aim
from benchmarks.star_speed.subjects import OURS, SUBJECTS, problem_of
from market.errors import TooCostly
from market.workflow.quantities import IntArray, quantities, total_usd

#: Relative; what toulbar2's rounding and HiGHS's tolerances may cost.
AGREEMENT = 1e-6


@dataclass(frozen=True)
class Sizes:
    """What is measured: every workflow with every number of providers, on markets of all seeds.

    A cell, one subject on one of them, repeats all seeds up to ``repetitions`` times, and not
    again after ``budget_s``.
    """

    workflows: Sequence[str]
    providers: Sequence[int]
    seeds: int
    repetitions: int
    budget_s: float


class Run:
    """The repetitions of one seed: seconds, and the cost of the allocation found in the first."""

    def __init__(self, cost_usd: float):
        self.cost_usd = cost_usd
        self.build_s: list[float] = []
        self.solve_s: list[float] = []


@dataclass(frozen=True)
class Cell:
    """One subject on one workflow with so many providers.

    ``refused`` says why it was not solved; there are no runs then. ``first_s`` is how long the
    first, small market took in the fresh process, with imports and what is compiled then.
    """

    solver: str
    runs: Sequence[Run]
    memory: Memory
    first_s: float
    refused: str = ""


def measure_cell(subject: str, workflow: str, providers: int, sizes: Sizes) -> Cell:
    """Measure in this process, which is to be a fresh one."""
    build = SUBJECTS[subject].build
    first = timed(lambda market: build(market).solve(), small_market())
    meter = MemoryMeter()
    runs: dict[int, Run] = {}
    solver = ""
    try:
        for _ in until_spent(sizes.repetitions, sizes.budget_s):
            for seed in range(sizes.seeds):
                market = paper_market(workflow, providers, seed)
                built = timed(partial(build, market))
                solved = timed(built.result.solve)
                solver = built.result.solver
                if seed not in runs:
                    runs[seed] = Run(cost_usd(market, solved.result))
                runs[seed].build_s.append(built.seconds)
                runs[seed].solve_s.append(solved.seconds)
    except TooCostly as error:
        return Cell("", (), meter.read(), first.seconds, str(error))
    return Cell(solver, tuple(runs.values()), meter.read(), first.seconds)


def cost_usd(market: Market, allocation: IntArray) -> float:
    """The virtual cost of an allocation, computed anew; inf where somebody is not capable."""
    problem = problem_of(market)
    if not problem.capable[allocation, np.arange(len(allocation))].all():
        return np.inf
    (quantity,) = quantities(problem.tokens, problem.input_ratio, allocation[None])
    return total_usd(market.prices, quantity)


def compare(
    subjects: Sequence[str], sizes: Sizes, progress: Callable[[str], None]
) -> tuple[str, Sequence[Aim]]:
    """Measure everything; the page and what became of the aims."""
    rows = []
    found: dict[str, Mapping[str, Cell]] = {}
    for workflow in sizes.workflows:
        for providers in sizes.providers:
            cells = {}
            for subject in subjects:
                progress(f"one allocation: {workflow}, {providers} providers, {subject}")
                cells[subject] = in_fresh_process(measure_cell, subject, workflow, providers, sizes)
            where = f"{workflow} with {providers} providers"
            check_agreement(cells, where)
            found[where] = cells
            for subject, cell in cells.items():
                rows.append((workflow, providers, *_figures(subject, cell, cells[OURS])))
    return table(_HEADER, rows), list(_aims(found))


def check_agreement(cells: Mapping[str, Cell], where: str) -> None:
    """Fail unless every subject's allocation costs what ours does."""
    for subject, cell in cells.items():
        for seed, (run, ours) in enumerate(zip(cell.runs, cells[OURS].runs, strict=False)):
            if not abs(run.cost_usd - ours.cost_usd) <= AGREEMENT * ours.cost_usd:
                raise click.ClickException(
                    f"{where}, seed {seed}: {subject} found an allocation of {run.cost_usd!r} USD,"
                    f" {OURS} one of {ours.cost_usd!r} USD"
                )


_HEADER = (
    "workflow",
    "providers",
    "subject",
    "building, ms",
    "solving, ms",
    "solving / ours",
    "both / ours",
    "memory, MiB",
    "first, s",
)


def _figures(subject: str, cell: Cell, ours: Cell) -> Sequence[str]:
    first = f"{cell.first_s:.2f}"
    if not cell.runs:
        return subject, "—", "—", "—", cell.refused, str(cell.memory), first
    name = f"{subject} ({cell.solver})" if subject == OURS else subject
    return (
        name,
        Spread.of([lap for run in cell.runs for lap in run.build_s]).text(1e3),
        Spread.of([lap for run in cell.runs for lap in run.solve_s]).text(1e3),
        Spread.of(_ratios(cell, ours, _solving)).text(),
        Spread.of(_ratios(cell, ours, _both)).text(),
        str(cell.memory),
        first,
    )


def _solving(run: Run) -> Sequence[float]:
    return run.solve_s


def _both(run: Run) -> Sequence[float]:
    return [build + solve for build, solve in zip(run.build_s, run.solve_s, strict=True)]


def _ratios(cell: Cell, ours: Cell, seconds: Callable[[Run], Sequence[float]]) -> list[float]:
    """By seed, the median of a subject's repetitions over the median of ours."""
    return [
        float(np.median(seconds(run)) / np.median(seconds(own)))
        for run, own in zip(cell.runs, ours.runs, strict=True)
    ]


#: How many times slower than ours a peer should be at least.
_WANTED: Mapping[str, float] = {"toulbar2": 1.0, "HiGHS": 10.0}

_PHASES: Mapping[str, Callable[[Run], Sequence[float]]] = {
    "solving": _solving,
    "building and solving": _both,
}


def _aims(found: Mapping[str, Mapping[str, Cell]]) -> Iterator[Aim]:
    """What became of every aim, in the cell where it was hardest to keep."""
    for subject, wanted in _WANTED.items():
        for phase, seconds in _PHASES.items():
            ratios = {
                where: float(np.median(_ratios(cells[subject], cells[OURS], seconds)))
                for where, cells in found.items()
                if subject in cells and cells[subject].runs
            }
            if ratios:
                where = min(ratios, key=ratios.__getitem__)
                figure = f"one allocation, {phase}, {subject} over ours, least of {len(ratios)}:"
                figure += f" {where} (their median is {np.median(list(ratios.values())):.3g})"
                yield Aim(figure, ratios[where], ">=", wanted)
