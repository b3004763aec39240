"""A matching market as an audit sees it: who pays together, and who really belongs together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from market.audit.report import Problem
from market.errors import BadInput
from market.matching import MatchingOutcome, clear, solve_matching

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
    """

    values: Floats
    costs: Floats
    allowed: Bools
    capacities: npt.NDArray[np.int64]
    clients: tuple[str, ...] | None = None

    @classmethod
    def read(cls, problem: Problem) -> MatchingMarket:
        """The market of a problem of kind ``matching``; raises what solving it raises."""
        solve_matching(problem)  # says best what is wrong with it
        capacities = np.array(problem["capacities"], dtype=np.int64)
        values, costs = (
            np.array(
                [[np.nan if x is None else x for x in row] for row in problem[key]],
                dtype=np.float64,
            ).reshape(-1, len(capacities))
            for key in ("values", "costs")
        )
        clients = problem.get("clients")
        return cls(
            values=np.nan_to_num(values),
            costs=np.nan_to_num(costs),
            allowed=~np.isnan(values),
            capacities=capacities,
            clients=None if clients is None else tuple(clients),
        )

    def clear(self) -> MatchingOutcome:
        """Clear it."""
        return clear(self.values, self.costs, self.allowed, self.capacities, self.clients)

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

    def as_problem(self) -> dict[str, Any]:
        """The JSON form, lists and plain numbers only."""
        problem: dict[str, Any] = {"kind": "matching"}
        for key, matrix in (("values", self.values), ("costs", self.costs)):
            problem[key] = [
                [amount if may else None for amount, may in zip(row, allowed, strict=True)]
                for row, allowed in zip(matrix.tolist(), self.allowed.tolist(), strict=True)
            ]
        problem["capacities"] = self.capacities.tolist()
        if self.clients is not None:
            problem["clients"] = list(self.clients)
        return {**problem, "options": {"payments": "client_clarke"}}
