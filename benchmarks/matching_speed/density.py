"""Which backend is faster at which density: what the choice of ``auto`` rests on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks.markdown import table
from benchmarks.matching_speed.clearing import SEED, SLOTS_PER_REQUEST, suits_dense
from benchmarks.matching_speed.markets import Size, random_market
from benchmarks.star_speed.measure import Spread, timed, until_spent
from market.matching import BACKENDS, Optimum
from market.matching.assignment import chosen_backend


class Contest(NamedTuple):
    """The medians of both backends on one market, seconds, and which one auto takes."""

    size: Size
    slots: int
    seconds: dict[str, float]
    auto: str

    @property
    def auto_over_best(self) -> float:
        """What the choice costs: 1 where it is right."""
        return self.seconds[self.auto] / min(self.seconds.values())


def contest(size: Size, repetitions: int, budget_s: float) -> Contest | None:
    """Both backends on one market; None where dense is not measured."""
    market = random_market(size, SEED)
    if not suits_dense(market):
        return None
    pairs = market.pairs()
    seconds: dict[str, float] = {}
    for backend in BACKENDS:
        Optimum.of(pairs, market.capacities, backend)
        laps = [
            timed(Optimum.of, pairs, market.capacities, backend).seconds
            for _ in until_spent(repetitions, budget_s)
        ]
        seconds[backend] = Spread.of(laps).median
    return Contest(size, market.slots, seconds, chosen_backend(pairs, market.capacities))


def compare(
    shapes: Sequence[tuple[int, int]],
    densities: Sequence[float],
    repetitions: int,
    budget_s: float,
    progress: Callable[[str], None],
) -> str:
    """Both backends at every shape, density and number of slots, as a table."""
    rows = []
    for requests, providers in shapes:
        progress(f"backends: {requests} x {providers}")
        for slots_per_request in SLOTS_PER_REQUEST:
            for density in densities:
                size = Size(requests, providers, density, slots_per_request)
                found = contest(size, repetitions, budget_s)
                if found is not None:
                    rows.append(_row(found))
    return table(_HEADER, rows)


_HEADER = (
    "requests x providers",
    "slots",
    "dense, ms",
    "sparse, ms",
    "dense / sparse",
    "auto takes",
    "auto / better one",
)


def _row(found: Contest) -> tuple[object, ...]:
    dense, sparse = found.seconds["dense"], found.seconds["sparse"]
    return (
        found.size,
        f"{found.slots:,}",
        f"{1e3 * dense:,.3g}",
        f"{1e3 * sparse:,.3g}",
        f"{dense / sparse:.2f}",
        found.auto,
        f"{found.auto_over_best:.2f}",
    )
