"""Payments that ask for the market without a whole set: a client's requests, or a provider."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.markdown import table
from benchmarks.matching_speed.clearing import SEED
from benchmarks.matching_speed.markets import Market, Size, random_market
from benchmarks.star_speed.measure import Spread, timed, until_spent
from market.matching.assignment import chosen_backend

#: Requests of a client, on average.
_EACH = 4
#: Larger markets would take minutes.
_MOST_PAIRS = 500_000


def compare(
    sizes: Sequence[Size], repetitions: int, budget_s: float, progress: Callable[[str], None]
) -> str:
    """Clearing with every client alone, in sets, and with the providers' payments, as a table."""
    rows = []
    for size in sizes:
        market = random_market(size, SEED)
        if market.values.size <= _MOST_PAIRS:
            progress(f"sets: {size}, {size.slots_per_request:g} slots a request")
            rows.append(_row(market, repetitions, budget_s))
    return table(_HEADER, rows)


def _row(market: Market, repetitions: int, budget_s: float) -> tuple[object, ...]:
    backend = chosen_backend(market.pairs(), market.capacities)
    requests = market.size.requests
    owners = np.random.default_rng(SEED).integers(0, requests // _EACH, requests).tolist()
    calls: tuple[Callable[[], object], ...] = (
        lambda: market.solve(backend),
        lambda: market.clear(backend),
        lambda: market.clear(backend, owners),
        lambda: market.clear(backend, payments="two_sided"),
    )
    match = market.clear(backend).match
    laps = [[timed(call).seconds for call in calls] for _ in until_spent(repetitions, budget_s)]
    solve, alone, sets, two_sided = map(Spread.of, zip(*laps, strict=True))
    served = np.flatnonzero(match >= 0)
    clients, providers = len({owners[row] for row in served}), len({*match[served].tolist()})
    return (
        market.size,
        f"{market.slots:,}",
        alone.text(1e3),
        sets.text(1e3),
        two_sided.text(1e3),
        f"{clients:,}",
        f"{clients * solve.median / (sets.median - alone.median):,.0f}",
        f"{providers:,}",
        f"{providers * solve.median / (two_sided.median - alone.median):,.0f}",
    )


_HEADER = (
    "requests x providers",
    "slots",
    "clients of one request, ms",
    "of four, ms",
    "two_sided, ms",
    "clients",
    "a solve for each / ours",
    "providers",
    "a solve for each / ours",
)
