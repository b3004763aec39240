"""The clients of a matching market: do values other than the true ones gain for one of them?

Whatever a client reports, what it gets is an entry of a menu: a provider, or none, for each of its
requests, at a price. Under Clarke payments that price does not depend on the report if all its
requests are paid for together. If they are paid for in parts, it is lowest where the report pins
every request to its place in the menu: high there and low elsewhere, so that none of them stands
in the way of the others. So pinned reports are all that need be tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np

from market.audit.report import CLIENT, EXACT, SEARCH, TOLERANCE, Check, Finding, check_of
from market.matching import NO_PRICE, UNMATCHED, MatchingOutcome, Optimum, Pairs
from market.matching.market import Floats, MatchingMarket
from market.matching.problem import written_market

#: A menu of more entries than this is searched, one request at a time.
MOST_ENTRIES = 4096

#: Of every request of a client, the provider it is pinned to, or ``UNMATCHED``.
Entry = tuple[int, ...]


class _Choice(NamedTuple):
    utility: float
    entry: Entry


@dataclass(frozen=True)
class ClientSide:
    """The clients of ``market`` with their true values (requests, providers).

    ``rows_of`` are the requests of every owner, ``names`` (providers,) are for messages.
    """

    market: MatchingMarket
    outcome: MatchingOutcome
    true_values: Floats
    rows_of: dict[str, list[int]]
    names: Sequence[str]

    def audit(
        self, wanted: Iterable[str], progress: Callable[[str], None]
    ) -> tuple[list[Finding], list[Check]]:
        """The best report of each of the ``wanted`` owners, and whether the truth never loses."""
        findings = []
        for owner in wanted:
            progress(owner)
            findings.append(self._finding(owner))
        losses = [
            f"{one.participant} loses {-one.truthful_utility:.6g} with the truth"
            for one in findings
            if one.truthful_utility < -TOLERANCE * one.scale
        ]
        return findings, [check_of("individually rational (clients)", losses)]

    def _finding(self, owner: str) -> Finding:
        rows = self.rows_of[owner]
        honest = self._honest(rows)
        truthful = self._utility(honest, rows)
        amounts = np.maximum(np.abs(self.true_values[rows]), self.market.costs[rows])
        scale = float(amounts.max(axis=1, initial=0.0).sum())
        best, exact = self._best(rows, _Choice(truthful, tuple(honest.match[rows].tolist())))
        gains = best.utility - truthful > TOLERANCE * scale
        entry = best.entry
        witness = self._pinned_utility(rows, entry) if gains else truthful
        # the menu of a client with one request follows from Clarke payments; is it the real one?
        exact = exact and best.utility - witness <= TOLERANCE * scale
        return Finding(
            participant=owner,
            side=CLIENT,
            truth="reports its true values",
            misreport=self._words(rows, entry) if gains else "reports its true values",
            truthful_utility=truthful,
            best_utility=best.utility if gains else truthful,
            attained=True,
            witness_utility=witness,
            method=EXACT if exact else SEARCH,
            scale=scale,
            counterexample=lambda: written_market(self._pinned(rows, entry)),
        )

    def _best(self, rows: list[int], honest: _Choice) -> tuple[_Choice, bool]:
        """The best entry of the menu, or the honest one, and whether the whole menu was seen."""
        if len(rows) == 1 and self._pays_alone(rows[0]):
            return max(honest, self._best_of_one(rows[0]), key=_utility), True
        places = [[UNMATCHED, *self._open_to(row)] for row in rows]
        if prod(map(len, places)) > MOST_ENTRIES:
            return self._climbed(rows, places, honest), False
        entries = (entry for entry in product(*places) if self._fits(entry))
        choices = [_Choice(self._pinned_utility(rows, entry), entry) for entry in entries]
        return max([honest, *choices], key=_utility), self._pays_for_itself(rows)

    def _best_of_one(self, row: int) -> _Choice:
        """From the prices of the menu: the largest ones of the market of all others."""
        market = self.market
        others = np.arange(len(market.values)) != row
        pairs = Pairs.of(market.weights[others])
        if self.outcome.match[row] == UNMATCHED:
            taken = pairs.taken(self.outcome.match[others])
            rest = Optimum(pairs, market.capacities, taken)
        else:
            rest = Optimum.of(pairs, market.capacities)
        largest = rest.largest_prices
        prices = market.costs[row] + np.where(largest == NO_PRICE, np.inf, largest)
        left = np.where(market.allowed[row], self.true_values[row] - prices, -np.inf)
        if left.max(initial=0.0) <= 0.0:
            return _Choice(0.0, (UNMATCHED,))
        return _Choice(float(left.max()), (int(left.argmax()),))

    def _climbed(self, rows: list[int], places: list[list[int]], honest: _Choice) -> _Choice:
        """The honest entry, improved one request at a time until that no longer helps."""
        start = honest.entry
        best = max(honest, _Choice(self._pinned_utility(rows, start), start), key=_utility)
        while True:
            entries = [
                (*best.entry[:k], place, *best.entry[k + 1 :])
                for k, others in enumerate(places)
                for place in others
                if place != best.entry[k]
            ]
            choices = [
                _Choice(self._pinned_utility(rows, entry), entry)
                for entry in entries
                if self._fits(entry)
            ]
            better = max([best, *choices], key=_utility)
            if better.utility <= best.utility:
                return best
            best = better

    def _honest(self, rows: list[int]) -> MatchingOutcome:
        """The outcome if the owner of ``rows`` reports the truth."""
        if np.array_equal(self.market.values[rows], self.true_values[rows]):
            return self.outcome
        return self.market.with_values(rows, self.true_values[rows]).clear()

    def _utility(self, outcome: MatchingOutcome, rows: list[int]) -> float:
        got = [row for row in rows if outcome.match[row] != UNMATCHED]
        worth = self.true_values[got, outcome.match[got]].sum()
        return float(worth - outcome.payments[got].sum())

    def _pinned_utility(self, rows: list[int], entry: Entry) -> float:
        return self._utility(self._pinned(rows, entry).clear(), rows)

    def _pinned(self, rows: list[int], entry: Entry) -> MatchingMarket:
        """The market in which the owner of ``rows`` wants exactly ``entry``, at any price."""
        market = self.market
        amounts = np.where(market.allowed, np.abs(market.values) + market.costs, 0.0)
        much = 1.0 + 2.0 * float(amounts.max(axis=1, initial=0.0).sum())
        values = np.full((len(rows), len(market.capacities)), -much)
        for k, (row, provider) in enumerate(zip(rows, entry, strict=True)):
            if provider != UNMATCHED:
                values[k, provider] = market.costs[row, provider] + much
        return market.with_values(rows, values)

    def _open_to(self, row: int) -> list[int]:
        open_: list[int] = np.flatnonzero(
            self.market.allowed[row] & (self.market.capacities > 0)
        ).tolist()
        return open_

    def _fits(self, entry: Entry) -> bool:
        places = [place for place in entry if place != UNMATCHED]
        return all(places.count(place) <= self.market.capacities[place] for place in {*places})

    def _pays_alone(self, row: int) -> bool:
        clients = self.market.clients
        return clients is None or clients.count(clients[row]) == 1

    def _pays_for_itself(self, rows: list[int]) -> bool:
        """Whether nobody else's request is paid for together with one of ``rows``."""
        clients = self.market.clients
        if clients is None:
            return True
        paying = {clients[row] for row in rows}
        return all(row in rows for row, client in enumerate(clients) if client in paying)

    def _words(self, rows: list[int], entry: Entry) -> str:
        parts = [
            f"no provider for request {row}"
            if provider == UNMATCHED
            else f"{self.names[provider]} for request {row}"
            for row, provider in zip(rows, entry, strict=True)
        ]
        return f"wants {', '.join(parts)}, at any price"


def _utility(choice: _Choice) -> float:
    return choice.utility
