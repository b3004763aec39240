"""A whole clearing beside one bare solve, and beside solving again without every request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click
import numpy as np

from benchmarks.markdown import table
from benchmarks.matching_speed.markets import Market, Size, random_market
from benchmarks.matching_speed.successive_shortest_paths import least_cost
from benchmarks.star_speed.measure import Spread, timed, until_spent
from benchmarks.star_speed.report import Aim
from market.matching import BACKENDS, Optimum
from market.matching.assignment import chosen_backend
from market.matching.pairs import Pairs

SEED = 1

#: Scarce and ample slots.
SLOTS_PER_REQUEST = (0.8, 1.25)

#: Dense is not measured in matrices of more cells, nor in large markets whose slots abound.
_MOST_DENSE_CELLS = 25_000_000
_MOST_AMPLE_REQUESTS = 1_000
#: A plain flow is not measured in markets of more pairs.
_MOST_FLOW_PAIRS = 300_000
#: Solves that are repeated without another request each, at most.
_MOST_AGAIN = 100

_NO_FIGURE = "—"


@dataclass(frozen=True)
class Measured:
    """One market by one backend: seconds of every repetition, and of re-solves without a request.

    ``flow_s`` are the seconds of plain min-cost flows, none where they would take too long.
    """

    market: Market
    backend: str
    auto: bool
    served: int
    bare_s: Sequence[float]
    all_s: Sequence[float]
    again_s: Sequence[float]
    flow_s: Sequence[float]

    @property
    def all_over_bare(self) -> Spread:
        """What the prices and payments add to a solve."""
        pairs = zip(self.all_s, self.bare_s, strict=True)
        return Spread.of([whole / bare for whole, bare in pairs])

    @property
    def again_over_all(self) -> float:
        """N + 1 solves of the same backend, scaled from those that were measured, over ours."""
        solves = float(np.median(self.bare_s)) + self.served * float(np.mean(self.again_s))
        return solves / float(np.median(self.all_s))

    @property
    def flow_over_all(self) -> float | None:
        """N + 1 plain flows, scaled from those that were measured, over ours."""
        if not self.flow_s:
            return None
        return (self.served + 1) * float(np.mean(self.flow_s)) / float(np.median(self.all_s))


def measure(size: Size, repetitions: int, budget_s: float) -> list[Measured]:
    """One market of a size by each backend that suits it."""
    market = random_market(size, SEED)
    pairs = market.pairs()
    auto = chosen_backend(pairs, market.capacities)
    found = [
        _measured(market, pairs, backend, backend == auto, repetitions, budget_s)
        for backend in BACKENDS
        if backend == "sparse" or suits_dense(market)
    ]
    if len({one.market.solve(one.backend).welfare for one in found}) > 1:
        raise click.ClickException(f"{size}: the backends differ in welfare")
    return found


def suits_dense(market: Market) -> bool:
    """Whether the dense backend is measured at all."""
    requests = market.size.requests
    ample = market.slots >= requests > _MOST_AMPLE_REQUESTS
    return requests * market.slots <= _MOST_DENSE_CELLS and not ample


def _measured(
    market: Market, pairs: Pairs, backend: str, auto: bool, repetitions: int, budget_s: float
) -> Measured:
    optimum, outcome = market.solve(backend), market.clear(backend)
    bare_s, all_s = [], []
    for _ in until_spent(repetitions, budget_s):
        bare_s.append(timed(market.solve, backend).seconds)
        all_s.append(timed(market.clear, backend).seconds)
    rng = np.random.default_rng(SEED)
    away = rng.permutation(optimum.served)[:_MOST_AGAIN].tolist()
    again_s = []
    for number in until_spent(len(away), budget_s):
        rest = without(pairs, away[number])
        lap = timed(Optimum.of, rest, market.capacities, backend)
        again_s.append(lap.seconds)
        row, paid = away[number], outcome.scarcity_prices[outcome.match[away[number]]]
        due = lap.result.welfare - (optimum.welfare - pairs.weight[optimum.taken[row]])
        if due != paid:
            raise click.ClickException(f"{market.size}: request {row} pays {paid} and not {due}")
    return Measured(
        market,
        backend,
        auto,
        len(optimum.served),
        bare_s,
        all_s,
        again_s,
        _flows(market, pairs, optimum, budget_s) if auto else [],
    )


def _flows(market: Market, pairs: Pairs, optimum: Optimum, budget_s: float) -> list[float]:
    if len(pairs.weight) > _MOST_FLOW_PAIRS:
        return []
    least_cost(Pairs.of(np.ones((1, 1), dtype=np.int64)), np.ones(1, dtype=np.int64))
    seconds = []
    for _ in until_spent(_MOST_AGAIN, budget_s):
        lap = timed(least_cost, pairs, market.capacities)
        if lap.result != -optimum.welfare:
            raise click.ClickException(f"{market.size}: a plain flow finds {-lap.result}")
        seconds.append(lap.seconds)
    return seconds


def without(pairs: Pairs, row: int) -> Pairs:
    """The pairs of all requests but one."""
    first, last = pairs.start[row], pairs.start[row + 1]
    start = np.delete(pairs.start, row + 1)
    start[row + 1 :] -= last - first
    return Pairs(
        start,
        np.delete(pairs.provider, slice(first, last)),
        np.delete(pairs.weight, slice(first, last)),
        pairs.providers,
    )


def compare(
    sizes: Sequence[Size], repetitions: int, budget_s: float, progress: Callable[[str], None]
) -> tuple[str, list[Aim]]:
    """Measure every size; the table and what became of the aims."""
    rows, aims = [], []
    for size in sizes:
        progress(f"clearing: {size}, {size.slots_per_request:g} slots a request")
        for one in measure(size, repetitions, budget_s):
            rows.append(_row(one))
            if one.auto:
                aims += _aims(one)
    return table(_HEADER, rows, words=3), aims


_HEADER = (
    "requests x providers",
    "slots",
    "backend",
    "pairs",
    "one solve, ms",
    "all payments, ms",
    "all / one solve",
    "N + 1 solves / all",
    "solves measured",
    "N + 1 plain flows / all",
    "flows measured",
)


def _row(one: Measured) -> tuple[object, ...]:
    flow = one.flow_over_all
    return (
        one.market.size,
        f"{one.market.slots:,}",
        one.backend + (" (auto)" if one.auto else ""),
        f"{int((one.market.values > one.market.costs).sum()):,}",
        Spread.of(one.bare_s).text(1e3),
        Spread.of(one.all_s).text(1e3),
        one.all_over_bare.text(),
        f"{one.again_over_all:,.0f}",
        f"{len(one.again_s)} of {one.served:,}",
        _NO_FIGURE if flow is None else f"{flow:,.0f}",
        _NO_FIGURE if flow is None else f"{len(one.flow_s)} of {one.served + 1:,}",
    )


def _aims(one: Measured) -> list[Aim]:
    size = one.market.size
    told = f"{size}, {one.market.slots:,} slots"
    aims = [Aim(f"all payments over one solve, {told}", one.all_over_bare.median, "<=", 2.0)]
    if (size.requests, size.providers) == (200, 100):
        aims.append(Aim(f"N + 1 solves over all payments, {told}", one.again_over_all, ">=", 50.0))
    if size.requests == 10_000:
        seconds = float(np.median(one.all_s))
        aims.append(Aim(f"all payments in seconds, {told}", seconds, "<=", 1.0))
    return aims
