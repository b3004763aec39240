"""A matching market, cleared by looking at every matching."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

from tests.exact.ambiguous import only_least

#: Of every request its provider; None where it stays unmatched.
Match = tuple[int | None, ...]
#: (requests, providers); None where the pair is not allowed.
Matrix = tuple[tuple[Fraction | None, ...], ...]


@dataclass(frozen=True)
class Market:
    """Values and costs as reported, free slots, and who owns every request."""

    values: Matrix
    costs: Matrix
    capacities: tuple[int, ...]
    clients: tuple[str, ...]

    @classmethod
    def read(cls, problem: Mapping[str, Any]) -> Market:
        """The market of a problem; requests without an owner have one each."""
        requests = range(len(problem["values"]))
        return cls(
            values=_matrix(problem["values"]),
            costs=_matrix(problem["costs"]),
            capacities=tuple(problem["capacities"]),
            clients=tuple(problem.get("clients") or [f"client of request {j}" for j in requests]),
        )

    @cached_property
    def match(self) -> Match:
        """The only matching of largest welfare."""
        return only_least(self._matchings(), lambda match: -self._gain(match))

    @property
    def welfare(self) -> Fraction:
        """Value less cost of the optimal matching."""
        return self._gain(self.match)

    @cached_property
    def scarcity_prices(self) -> list[Fraction]:
        """What one more slot at each provider would add to the largest welfare."""
        return [
            self._largest_welfare(more_slots={i: 1}) - self.welfare
            for i in range(len(self.capacities))
        ]

    @cached_property
    def largest_prices(self) -> list[Fraction | None]:
        """What one slot less at each provider would take away; None where there is no slot."""
        return [
            self.welfare - self._largest_welfare(more_slots={i: -1}) if slots else None
            for i, slots in enumerate(self.capacities)
        ]

    @cached_property
    def provider_receives(self) -> list[Fraction | None]:
        """What the provider of every request is paid for it: what it asks."""
        return [None if i is None else self._cost(j) for j, i in enumerate(self.match)]

    @cached_property
    def payments(self) -> list[Fraction | None]:
        """What every request pays: its cost, and its part of what its owner takes from others.

        An owner pays what others would gain if all of its requests were away. Several requests
        share that in proportion to what others would gain if only that one were away.
        """
        charges: list[Fraction | None] = [None] * len(self.match)
        for owner in set(self.clients):
            rows = {j for j, client in enumerate(self.clients) if client == owner}
            single = {j: self._externality({j}) for j in rows if self.match[j] is not None}
            whole, total = self._externality(rows), sum(single.values(), Fraction(0))
            for j, alone in single.items():
                charges[j] = self._cost(j) + (alone * whole / total if total else 0)
        return charges

    def answer(self) -> dict[str, Any]:
        """The answer in the form of ``walras solve``, its numbers fractions."""
        return {
            "status": "optimal",
            "welfare": self.welfare,
            "match": list(self.match),
            "payments": self.payments,
            "scarcity_prices": self.scarcity_prices,
            "largest_prices": self.largest_prices,
            "provider_receives": self.provider_receives,
        }

    def with_values(self, rows: Mapping[int, Sequence[Fraction | None]]) -> Market:
        """The same market with other values reported for some requests."""
        return replace(self, values=tuple(tuple(rows.get(j, v)) for j, v in enumerate(self.values)))

    def with_costs(self, provider: int, column: Sequence[Fraction | None]) -> Market:
        """The same market with other costs asked by one provider."""
        changed = [
            (*row[:provider], asked, *row[provider + 1 :])
            for row, asked in zip(self.costs, column, strict=True)
        ]
        return replace(self, costs=tuple(changed))

    def client_utility(self, rows: Iterable[int], true_values: Matrix) -> Fraction:
        """What requests are worth where they are served, less what is paid for them."""
        utility = Fraction(0)
        for j in rows:
            i = self.match[j]
            if i is not None:
                utility += (true_values[j][i] or 0) - (self.payments[j] or 0)
        return utility

    def provider_utility(self, provider: int, true_costs: Sequence[Fraction | None]) -> Fraction:
        """What a provider asks for the requests it serves, which it is paid, less its costs."""
        served = [j for j, i in enumerate(self.match) if i == provider]
        return sum((self._cost(j) - (true_costs[j] or 0) for j in served), Fraction(0))

    def _cost(self, request: int) -> Fraction:
        i = self.match[request]
        asked = None if i is None else self.costs[request][i]
        return Fraction(0) if asked is None else asked

    def _externality(self, away: set[int]) -> Fraction:
        """What the other requests would gain if those were away."""
        now = [None if j in away else i for j, i in enumerate(self.match)]
        return self._largest_welfare(away) - self._gain(tuple(now))

    def _largest_welfare(
        self, away: Iterable[int] = (), more_slots: Mapping[int, int] | None = None
    ) -> Fraction:
        slots = [n + (more_slots or {}).get(i, 0) for i, n in enumerate(self.capacities)]
        return max(
            self._gain(match)
            for match in replace(self, capacities=tuple(slots))._matchings()
            if all(match[j] is None for j in away)
        )

    def _matchings(self) -> list[Match]:
        choices = [
            [None, *(i for i, value in enumerate(row) if value is not None)] for row in self.values
        ]
        return [
            match
            for match in product(*choices)
            if all(match.count(i) <= slots for i, slots in enumerate(self.capacities))
        ]

    def _gain(self, match: Match) -> Fraction:
        gain = Fraction(0)
        for j, i in enumerate(match):
            if i is not None:
                gain += (self.values[j][i] or 0) - (self.costs[j][i] or 0)
        return gain


def _matrix(rows: Sequence[Sequence[Any]]) -> Matrix:
    return tuple(tuple(None if entry is None else Fraction(entry) for entry in row) for row in rows)
