"""Clearing a logged market again with another solver, and pricing the allocation that was logged.

Whatever was matched must reach the optimum, which of several optima it is does not matter. Prices
follow from any optimum. The logged allocation is priced by shortest alternating paths, and some
of the payments, or all, by solving the market without their client, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from hubs.mechanisms import Clearing
from market import seeding
from market.matching import BACKENDS, NO_PRICE, UNMATCHED, Optimum, Pairs
from market.matching.assignment import best_pairs, chosen_backend, total
from market.matching.payments import PAYMENTS, shares

Nano = npt.NDArray[np.int64]

#: Which payments are checked by solving again too: all, some, or none.
PAYMENT_CHECKS = ("all", "sampled", "none")

#: Cells of requests times slots that solving again for ``sampled`` payments may take in a clearing.
SAMPLED_CELLS = 100_000


@dataclass(frozen=True)
class LoggedMarket:
    """What one auction of a hub cleared, and how: amounts are nano-USD.

    Attributes:
        weights: (requests, providers), value less cost.
        costs: (requests, providers).
        capacities: (providers,), free slots.
        match: (requests,), the provider's index or ``UNMATCHED``.
        clients: (requests,), who pays together; None where every request pays alone.
        rule: of payments.
    """

    weights: Nano
    costs: Nano
    capacities: Nano
    match: npt.NDArray[np.intp]
    clients: list[str] | None
    rule: str

    @cached_property
    def served(self) -> npt.NDArray[np.intp]:
        """The requests that are matched."""
        return np.flatnonzero(self.match != UNMATCHED)

    @cached_property
    def welfare(self) -> int:
        """Of the logged allocation."""
        return int(total(self.weights[self.served, self.match[self.served]]))

    @cached_property
    def pairs(self) -> Pairs:
        """The pairs worth matching."""
        return Pairs.of(self.weights)

    @cached_property
    def optimum(self) -> Optimum:
        """The logged allocation, which reaches the optimum."""
        return Optimum(self.pairs, self.capacities, self.pairs.taken(self.match))

    @cached_property
    def solver(self) -> str:
        """The other backend than the one that ``auto`` would take."""
        auto = chosen_backend(self.pairs, self.capacities)
        return next(name for name in BACKENDS if name != auto)

    @cached_property
    def expected_payments(self) -> Nano:
        """(requests,), what clients pay for the logged allocation, by alternating paths."""
        cost = np.zeros(len(self.match), dtype=np.int64)
        cost[self.served] = self.costs[self.served, self.match[self.served]]
        extra = np.zeros(len(self.match), dtype=np.int64)
        extra[self.served] = self.optimum.scarcity_prices[self.match[self.served]]
        for rows in self.sets:
            if len(rows) > 1 and extra[rows].any():
                extra[rows] = shares(self.optimum.externality(rows), extra[rows])
        paid: Nano = cost + extra
        return paid

    @cached_property
    def expected_receipts(self) -> Nano:
        """(requests,), what providers receive for it."""
        cost = np.zeros(len(self.match), dtype=np.int64)
        cost[self.served] = self.costs[self.served, self.match[self.served]]
        received: Nano = PAYMENTS[self.rule](self.optimum, cost)
        return received

    @cached_property
    def sets(self) -> list[npt.NDArray[np.intp]]:
        """The rows of every client that is served."""
        owners = self.clients or [str(row) for row in range(len(self.match))]
        rows_of: dict[str, list[int]] = {}
        for row, owner in enumerate(owners):
            rows_of.setdefault(owner, []).append(row)
        served = set(self.served.tolist())
        return [np.array(rows) for rows in rows_of.values() if served.intersection(rows)]

    @property
    def cells(self) -> int:
        """Of requests and slots: what solving it once takes."""
        slots = int(np.minimum(self.capacities, len(self.match)).sum())
        return max(1, len(self.match) * slots)

    def best(self, weights: Nano | None = None, capacities: Nano | None = None) -> int:
        """The largest welfare by the other solver, of this market or one changed.

        Raises ``BadInput`` where that solver cannot match it exactly.
        """
        pairs = self.pairs if weights is None else Pairs.of(weights)
        taken = best_pairs(
            pairs, self.capacities if capacities is None else capacities, self.solver
        )
        return int(total(pairs.weight[taken[taken != UNMATCHED]]))

    def externality(self, rows: npt.NDArray[np.intp]) -> int:
        """What all others would have more without ``rows``, by solving again."""
        without = self.weights.copy()
        without[rows] = 0
        here = rows[self.match[rows] != UNMATCHED]
        own = int(total(self.weights[here, self.match[here]]))
        return self.best(weights=without) - (self.welfare - own)

    def contribution(self, provider: int) -> int:
        """What welfare would lose without a provider, by solving again."""
        closed = self.capacities.copy()
        closed[provider] = 0
        return self.welfare - self.best(capacities=closed)

    def gain(self, provider: int) -> int:
        """What one more slot at a provider would add, by solving again."""
        more = self.capacities.copy()
        more[provider] += 1
        return self.best(capacities=more) - self.welfare


@dataclass(frozen=True)
class Resolved:
    """A figure that was found by solving again, and by paths on the logged allocation.

    ``what`` is externality, contribution or price; ``at`` the first row, or the provider.
    """

    what: str
    at: int
    solved: int
    followed: int


def solved_again(market: LoggedMarket, check: str, *key: str | int) -> list[Resolved]:
    """What solving again says of payments and prices: of all of them, or of some that are drawn.

    ``key`` names the clearing, so that the same are drawn each time. Raises ``BadInput`` where the
    other solver cannot match the market exactly.
    """
    providers = np.unique(market.match[market.served]).tolist()
    tasks: list[tuple[str, Any]] = [("externality", rows) for rows in market.sets]
    tasks += [("price", one) for one in range(len(market.capacities))]
    if market.rule == "two_sided":
        tasks += [("contribution", one) for one in providers]
    if check == "sampled" and len(tasks) * market.cells > SAMPLED_CELLS:
        count = max(2, SAMPLED_CELLS // market.cells)
        order = seeding.stream(0, "verify", *key).permutation(len(tasks))
        tasks = [tasks[place] for place in sorted(order[:count].tolist())]
    return [_resolved(market, what, at) for what, at in tasks]


def _resolved(market: LoggedMarket, what: str, at: Any) -> Resolved:
    optimum = market.optimum
    if what == "externality":
        followed = int(optimum.externality(at))
        return Resolved(what, int(at[0]), market.externality(at), followed)
    if what == "contribution":
        return Resolved(what, at, market.contribution(at), int(optimum.contribution(at)))
    return Resolved(what, at, market.gain(at), int(optimum.scarcity_prices[at]))


def listed_prices(optimum: Optimum | Clearing) -> tuple[list[int], list[int | None]]:
    """The smallest and the largest prices of a slot, as a hub publishes them."""
    largest = [None if price == NO_PRICE else price for price in optimum.largest_prices.tolist()]
    return optimum.scarcity_prices.tolist(), largest
