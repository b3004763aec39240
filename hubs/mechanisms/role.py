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
    """The outcome of one clearing, in nano-USD.

    Attributes:
        match: (requests,), the provider's index or -1.
        client_pays: (requests,), 0 where unmatched.
        provider_receives: (requests,), 0 where unmatched.
        scarcity_prices: (providers,), what one more slot would add; 0 under a router.
    """

    match: npt.NDArray[np.intp]
    client_pays: Nano
    provider_receives: Nano
    scarcity_prices: Nano


@dataclass(frozen=True)
class Offers:
    """What a mechanism may look at in one clearing.

    Attributes:
        values: (requests, providers), predicted worth by the clients' reports, nano-USD.
        costs: (requests, providers), predicted cost at the bids, nano-USD.
        capacities: (providers,), free slots.
        clients: (requests,), who owns each request.
        cached_tokens: (requests, providers), predicted tokens that the cache will spare.
    """

    values: Nano
    costs: Nano
    capacities: npt.NDArray[np.int64]
    clients: Sequence[str]
    cached_tokens: npt.NDArray[np.float64]


class Mechanism(Protocol):
    """Clears one hub's market."""

    def clear(self, offers: Offers, rng: np.random.Generator) -> Clearing:
        """Match requests to free slots and price the matches; ``rng`` is this clearing's own."""
