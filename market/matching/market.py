"""A matching market: reports of both sides, and who pays together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from market.errors import BadInput
from market.matching.assignment import AUTO
from market.matching.vcg import MatchingOutcome, clear

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class MatchingMarket:
    """Reports of both sides; amounts are USD, or the unit that they are given in.

    Attributes:
        values: (requests, providers), what a pair is worth to the client, as reported.
        costs: (requests, providers), what the provider asks for it.
        allowed: (requests, providers), which pairs may be matched.
        capacities: (providers,), free slots.
        clients: (requests,), who pays for each request together; None for every one alone.
        payments: what providers receive, one of ``PAYMENTS``.
        backend: what finds the matching, ``auto`` or one of ``BACKENDS``.
    """

    values: Floats
    costs: Floats
    allowed: Bools
    capacities: npt.NDArray[np.int64]
    clients: tuple[str, ...] | None = None
    payments: str = "client_clarke"
    backend: str = AUTO

    @property
    def weights(self) -> Floats:
        """(requests, providers), value less cost; -1 where the pair must not be matched."""
        return np.where(self.allowed, self.values - self.costs, -1.0)

    def clear(self) -> MatchingOutcome:
        """Clear it; raises ``BadInput`` as the function ``clear`` does."""
        return clear(
            self.values,
            self.costs,
            self.allowed,
            self.capacities,
            self.clients,
            backend=self.backend,
            payments=self.payments,
        )

    def with_values(self, rows: Sequence[int], values: Floats) -> MatchingMarket:
        """The same market with other values (len(rows), providers) of some requests."""
        changed = self.values.copy()
        changed[list(rows)] = values
        return replace(self, values=changed)

    def with_cost_factor(self, provider: int, factor: float) -> MatchingMarket:
        """The same market with what one provider asks multiplied."""
        changed = self.costs.copy()
        changed[:, provider] *= factor
        return replace(self, costs=changed)

    def rows_of_owners(self, owners: Sequence[str] | None) -> dict[str, list[int]]:
        """The requests of everyone who owns some; where nobody is named, as they are paid for.

        Raises ``BadInput`` unless ``owners`` names one for every request.
        """
        requests = len(self.values)
        if owners is None:
            owners = self.clients or [f"request {row}" for row in range(requests)]
        if len(owners) != requests:
            problem = f"expected one for each of {requests} requests, got {len(owners)}"
            raise BadInput("owners", problem)
        rows: dict[str, list[int]] = {}
        for row, owner in enumerate(owners):
            rows.setdefault(owner, []).append(row)
        return rows
