"""The markets that are measured: random amounts in nano-USD, dense or sparse, slots few or many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from market.matching import MatchingOutcome, Optimum, Pairs, clear, clear_pairs
from market.matching.pairs import Amounts, Counts, Integers

#: Nano-USD; the most that a request is worth at a provider of middling quality.
_VALUE = 10_000_000
_COST = 2_000_000


@dataclass(frozen=True)
class Size:
    """How large a market is; ``density`` is the share of pairs that may be matched."""

    requests: int
    providers: int
    density: float = 1.0
    slots_per_request: float = 0.8

    def __str__(self) -> str:
        share = "" if self.density == 1.0 else f", {self.density:.0%} of pairs"
        return f"{self.requests:,} x {self.providers:,}{share}"


@dataclass(frozen=True)
class Market:
    """One market, as a matrix where every pair is allowed and as a list of pairs where few are.

    ``values`` and ``costs`` have the shape of ``request`` and ``provider``, the ends of the pairs.
    """

    size: Size
    request: Integers
    provider: Integers
    values: Amounts
    costs: Amounts
    capacities: Counts

    @property
    def slots(self) -> int:
        """All free slots."""
        return int(self.capacities.sum())

    def pairs(self) -> Pairs:
        """The pairs worth matching, as a clearing reads them from what it is given."""
        weights = self.values - self.costs
        if self.values.ndim == 2:
            return Pairs.of(weights)
        shape = self.size.requests, self.size.providers
        return Pairs.listed(self.request, self.provider, weights, shape)

    def solve(self, backend: str) -> Optimum:
        """One bare solve."""
        return Optimum.of(self.pairs(), self.capacities, backend)

    def clear(
        self,
        backend: str,
        clients: Sequence[int] | None = None,
        payments: str = "client_clarke",
    ) -> MatchingOutcome:
        """A solve, all prices and all payments."""
        if self.values.ndim == 2:
            allowed = np.ones(self.values.shape, dtype=bool)
            matrices = self.values, self.costs, allowed
            return clear(*matrices, self.capacities, clients, backend=backend, payments=payments)
        kept = self.costs[self.values > self.costs]
        listed = self.pairs(), kept, self.capacities
        return clear_pairs(*listed, clients, backend=backend, payments=payments)


def random_market(size: Size, seed: int) -> Market:
    """Providers differ in quality and in price, requests in what they are worth."""
    rng = np.random.default_rng((seed, size.requests, size.providers))
    requests, providers = size.requests, size.providers
    each = max(1, round(size.density * providers))
    request, provider = np.indices((requests, providers))
    if each < providers:
        draws = rng.random((requests, providers)).argpartition(each - 1, axis=1)[:, :each]
        request, provider = np.repeat(np.arange(requests), each), np.sort(draws, axis=1).ravel()
    quality, price = rng.uniform(0.5, 1.5, providers), rng.uniform(0.1, 1.0, providers)
    worth, work = (rng.uniform(0.0, 1.0, request.shape) for _ in range(2))
    return Market(
        size,
        request,
        provider,
        values=(_VALUE * quality[provider] * worth).astype(np.int64),
        costs=(_COST * price[provider] * (0.5 + work)).astype(np.int64),
        capacities=rng.multinomial(
            round(size.slots_per_request * requests), np.full(providers, 1 / providers)
        ),
    )
