"""How the time of one allocation and of the whole mechanism grows, with fitted exponents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from benchmarks.markdown import table
from benchmarks.star_speed.k_trees import partial_k_tree
from benchmarks.star_speed.markets import Market, incomparable_market, tiered_offers
from benchmarks.star_speed.measure import (
    MIB,
    MemoryMeter,
    Spread,
    in_fresh_process,
    timed,
    until_spent,
)
from benchmarks.star_speed.report import Aim
from benchmarks.star_speed.subjects import prepare_own, problem_of
from market.errors import TooCostly
from market.workflow import StarOptions, star
from market.workflow.dominance import Front
from orchestrator.demand.paper_workflows import s2

#: Elimination by name: it refuses a table that is too large, where ``auto`` would take HiGHS.
OPTIONS = StarOptions(solver="elimination")

#: The exponent that a size is expected to add before two sizes have shown one.
_FIRST_EXPONENT = 2.0

Population = Literal["tiered", "incomparable"]

_NO_FIGURE = "—"

_FIXED_PROVIDERS: Mapping[Population, int] = {"tiered": 90, "incomparable": 10}
_AIM_PROVIDERS = 1_000
_AIM_MS = 50.0


@dataclass(frozen=True)
class Curve:
    """Markets of one kind by size: S2 with more and more providers, or larger and larger graphs.

    With ``width`` the size is the number of nodes of a partial k-tree of that treewidth, bought
    from a fixed number of providers; without, it is the number of providers that offer for S2.
    """

    population: Population
    width: int | None = None

    @property
    def title(self) -> str:
        """What grows, and what does not."""
        if self.width is None:
            return f"providers, {self.population}; S2"
        fixed = f"{_FIXED_PROVIDERS[self.population]} providers, {self.population}"
        return f"nodes, treewidth {self.width}; {fixed}"

    def market(self, size: int, seed: int) -> Market:
        """The market of one size, new objects every time."""
        rng = np.random.default_rng((seed, size))
        workflow = s2() if self.width is None else partial_k_tree(size, self.width, rng)
        providers = size if self.width is None else _FIXED_PROVIDERS[self.population]
        if self.population == "incomparable":
            return incomparable_market(workflow, providers, rng)
        return Market(workflow, tiered_offers(providers, rng))


def curves(widths: Sequence[int]) -> Sequence[Curve]:
    """Both populations with more and more providers, then with graphs of every width."""
    populations: tuple[Population, ...] = ("tiered", "incomparable")
    return [Curve(population, width) for width in (None, *widths) for population in populations]


@dataclass(frozen=True)
class Effort:
    """How often, and how long at most: ``limit_s`` is what one market may be expected to take.

    Every size takes the markets of all ``seeds``, each up to ``repetitions`` times but not again
    after ``budget_s``.
    """

    seeds: int
    repetitions: int
    budget_s: float
    limit_s: float


class Point(NamedTuple):
    """One size: by seed, how many providers dominance leaves, and the median seconds.

    ``mechanism_s`` is empty where it would take too long. ``peak`` is the growth of the peak
    memory up to this size, in bytes.
    """

    size: int
    front: Sequence[int]
    allocation_s: Sequence[float]
    mechanism_s: Sequence[float]
    peak: int


class Growth(NamedTuple):
    """The points of a curve, and what was left out and why."""

    points: Sequence[Point]
    left_out: Sequence[str]


Seconds = Callable[[Point], Sequence[float]]

_TASKS: Mapping[str, Seconds] = {
    "allocation": lambda point: point.allocation_s,
    "mechanism": lambda point: point.mechanism_s,
}


def measure_curve(curve: Curve, sizes: Sequence[int], effort: Effort) -> Growth:
    """Measure sizes, ascending, in this process, which is to be a fresh one."""
    _point(curve, sizes[0], replace(effort, repetitions=1), MemoryMeter())
    meter = MemoryMeter()
    points: list[Point] = []
    left_out: list[str] = []
    for size in sizes:
        too_long = [
            f"{size:,}: one {task} was expected to take {expected:.0f} s"
            for task, seconds in _TASKS.items()
            if (expected := _expected_s(points, seconds, size)) > effort.limit_s
        ]
        left_out += too_long
        if len(too_long) == len(_TASKS):
            break
        try:
            points.append(_point(curve, size, effort, meter, mechanism=not too_long))
        except TooCostly as error:
            left_out.append(f"{size:,}: {error}")
            break
    return Growth(points, left_out)


def _point(
    curve: Curve, size: int, effort: Effort, meter: MemoryMeter, *, mechanism: bool = True
) -> Point:
    fronts, allocation_s, mechanism_s = [], [], []
    for seed in range(effort.seeds):
        allocations, mechanisms = [], []
        for _ in until_spent(effort.repetitions, effort.budget_s):
            market = curve.market(size, seed)
            lap = timed(_allocate, market)
            allocations.append(lap.seconds)
            if mechanism:
                market = curve.market(size, seed)
                mechanisms.append(timed(star, market.workflow, market.offers, OPTIONS).seconds)
        if curve.population == "incomparable" and lap.result != len(market.offers):
            raise RuntimeError(f"{lap.result} of {len(market.offers)} are in the front, not all")
        fronts.append(lap.result)
        allocation_s.append(float(np.median(allocations)))
        if mechanism:
            mechanism_s.append(float(np.median(mechanisms)))
    return Point(size, fronts, allocation_s, mechanism_s, meter.read().growth)


def _allocate(market: Market) -> int:
    """One allocation, the model built for it; the number of providers that were looked at."""
    problem, prices = problem_of(market), market.prices
    members = Front.of(problem, prices).members
    prepare_own(OPTIONS.solver, problem.among(members), prices).solve()
    return len(members)


def _expected_s(points: Sequence[Point], seconds: Seconds, size: int) -> float:
    """What the next size will take if it grows as it did between the last two measured."""
    known = [(point.size, float(np.median(seconds(point)))) for point in points if seconds(point)]
    if not known:
        return 0.0
    last_size, last = known[-1]
    power = _FIRST_EXPONENT
    if len(known) > 1:
        before_size, before = known[-2]
        power = float(np.log(last / before) / np.log(last_size / before_size))
    factor: float = (size / last_size) ** max(power, 0.0)
    return last * factor


def exponent(points: Sequence[Point], seconds: Seconds) -> str:
    """The slope of log time over log size, least squares over all markets, ± its standard error."""
    pairs = [(point.size, lap) for point in points for lap in seconds(point)]
    if len({size for size, _ in pairs}) < 2 or len(pairs) < 3:
        return _NO_FIGURE
    sizes, laps = zip(*pairs, strict=True)
    (slope, _), covariance = np.polyfit(np.log(sizes), np.log(laps), 1, cov=True)
    return f"{slope:.2f} ± {np.sqrt(covariance[0, 0]):.2f}"


def grow(
    provider_sizes: Sequence[int],
    node_sizes: Sequence[int],
    widths: Sequence[int],
    effort: Effort,
    progress: Callable[[str], None],
) -> tuple[str, Sequence[Aim]]:
    """Measure every curve; the page and what became of the aim."""
    tables: list[str] = []
    fits: list[Sequence[str]] = []
    aims: list[Aim] = []
    for curve in curves(widths):
        progress(f"growth: {curve.title}")
        sizes = sorted(provider_sizes if curve.width is None else node_sizes)
        growth = in_fresh_process(measure_curve, curve, sizes, effort)
        tables.append(_table(curve, growth))
        fits += _fits(curve, growth.points)
        aims += _aim(curve, growth.points)
    return "\n\n".join([*tables, table(_FIT_HEADER, fits)]), aims


_FIT_HEADER = (
    "growing",
    "task",
    "sizes",
    "exponent",
    "of the last three sizes",
)


def _fits(curve: Curve, points: Sequence[Point]) -> Iterator[Sequence[str]]:
    for task, seconds in _TASKS.items():
        measured = [point for point in points if seconds(point)]
        sizes = f"{measured[0].size:,} to {measured[-1].size:,}" if measured else _NO_FIGURE
        fits = (exponent(part, seconds) for part in (measured, measured[-3:]))
        yield (curve.title, task, sizes, *fits)


def _table(curve: Curve, growth: Growth) -> str:
    header = ("size", "providers left", "one allocation, ms", "whole mechanism, ms", "memory, MiB")
    rows = [
        (
            f"{point.size:,}",
            f"{min(point.front)} to {max(point.front)}",
            *(
                Spread.of(seconds(point)).text(1e3) if seconds(point) else _NO_FIGURE
                for seconds in _TASKS.values()
            ),
            f"+ {point.peak / MIB:.1f}",
        )
        for point in growth.points
    ]
    left_out = f"\n\nLeft out: {'; '.join(growth.left_out)}." if growth.left_out else ""
    return f"Growing: {curve.title}\n\n{table(header, rows)}{left_out}"


def _aim(curve: Curve, points: Sequence[Point]) -> Sequence[Aim]:
    if curve != Curve("tiered"):
        return ()
    figure = f"whole mechanism, S2 with {_AIM_PROVIDERS:,} providers of individual ratios, ms"
    return [
        Aim(figure, 1e3 * float(np.median(point.mechanism_s)), "<=", _AIM_MS)
        for point in points
        if point.size == _AIM_PROVIDERS and point.mechanism_s
    ]
