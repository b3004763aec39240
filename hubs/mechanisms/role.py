"""The role of a mechanism: who serves whom in one clearing, and who pays what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Nano = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Clearing:
    """The outcome of one clearing, in nano-USD. The hub keeps, or bears, the difference.

    Attributes:
        match: (requests,), the provider's index or -1.
        client_pays: (requests,), 0 where unmatched.
        provider_receives: (requests,), 0 where unmatched.
        scarcity_prices: (providers,), what one more slot would add; 0 under a router.
        largest_prices: (providers,), the largest market-clearing prices of a slot, see
            ``market.matching.MatchingOutcome``; 0 under a router.
        explored: (requests,), True where exploration decided and not the mechanism.
    """

    match: npt.NDArray[np.intp]
    client_pays: Nano
    provider_receives: Nano
    scarcity_prices: Nano
    largest_prices: Nano
    explored: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Offers:
    """What a mechanism may look at in one clearing; requests are in order of arrival.

    Attributes:
        values: (requests, providers), predicted worth by the clients' reports, nano-USD.
        costs: (requests, providers), predicted cost at the bids, nano-USD.
        capacities: (providers,), free slots.
        clients: (requests,), who owns each request.
        domains: (requests,), what each request is about, by the classifier.
        cached_tokens: (requests, providers), predicted tokens that the cache will spare.
        top_costs: (requests, providers), the predicted cost at the top of the publicly known
            support of each provider's cost, whatever it bid, nano-USD.
        round: the number of the round, from 1.
    """

    values: Nano
    costs: Nano
    capacities: npt.NDArray[np.int64]
    clients: Sequence[str]
    domains: Sequence[str]
    cached_tokens: npt.NDArray[np.float64]
    top_costs: Nano
    round: int

    def only(self, rows: npt.NDArray[np.intp], capacities: npt.NDArray[np.int64]) -> Offers:
        """The same market with the requests of ``rows`` alone, and other free slots."""
        return Offers(
            values=self.values[rows],
            costs=self.costs[rows],
            capacities=capacities,
            clients=[self.clients[row] for row in rows],
            domains=[self.domains[row] for row in rows],
            cached_tokens=self.cached_tokens[rows],
            top_costs=self.top_costs[rows],
            round=self.round,
        )


class Mechanism(Protocol):
    """Clears one hub's market."""

    def clear(self, offers: Offers, rng: np.random.Generator) -> Clearing:
        """Match requests to free slots and price the matches; ``rng`` is this clearing's own."""
