"""Clearing a matching market: the best matching, and VCG payments from one solve.

Let g_i be the welfare that one more free slot at provider i would add. Removing request j frees a
slot at its provider i, so W(C) - W(C \\ j) = w_ij - g_i, and the Clarke payment of Eq. (8) becomes
p_j = c_ij + g_i: cost plus a scarcity price that is the same for every request at that provider
(Leonard 1983). A client with several requests in one clearing pays for them as a set: freeing its
slots one after the other, each worth what it then adds, gives W(C \\ K) without another solve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from market.errors import BadInput
from market.fields import shown
from market.matching.assignment import AUTO, total
from market.matching.optimum import Optimum
from market.matching.pairs import Amounts, Counts, Integers, Pairs
from market.matching.payments import PAYMENTS, shares


@dataclass(frozen=True)
class MatchingOutcome:
    """A cleared matching market; amounts are in the unit of the values (nano-USD or USD).

    Attributes:
        welfare: total value less cost of the matched pairs.
        match: (requests,), the provider's index or ``UNMATCHED``.
        payments: (requests,), what the request's client pays; 0 where unmatched.
        provider_receives: (requests,), what its provider receives for it; 0 where unmatched.
        scarcity_prices: (providers,), the smallest market-clearing prices of a slot.
        largest_prices: (providers,), the largest ones; ``NO_PRICE`` where there is no slot.
    """

    welfare: Any
    match: npt.NDArray[np.intp]
    payments: Amounts
    provider_receives: Amounts
    scarcity_prices: Amounts
    largest_prices: Amounts

    @property
    def deficit(self) -> Any:
        """What the providers receive beyond what the clients pay; negative for a surplus."""
        return total(self.provider_receives) - total(self.payments)


def clear(
    values: Amounts,
    costs: Amounts,
    allowed: npt.NDArray[np.bool_],
    capacities: Counts,
    clients: Sequence[object] | None = None,
    *,
    backend: str = AUTO,
    payments: str = "client_clarke",
) -> MatchingOutcome:
    """Clear one market: maximum total value less cost, Clarke payments by the clients.

    Args:
        values: (requests, providers), what serving the request there is worth to its client.
        costs: (requests, providers), what the provider asks for it.
        allowed: (requests, providers), False where the pair must not be matched.
        capacities: (providers,), free slots.
        clients: (requests,), who owns each request; None where each has a client of its own.
        backend: ``auto`` or one of ``BACKENDS``.
        payments: what providers receive, one of ``PAYMENTS``.

    Raises:
        BadInput: an unknown name, amounts that the backend cannot match exactly, or slots or
            clients that are not one for each provider or request.
    """
    pairs = Pairs.of(np.where(allowed, values - costs, 0))
    optimum = Optimum.of(pairs, capacities, backend)
    served = optimum.served
    return _priced(optimum, costs[served, optimum.match[served]], clients, payments)


def clear_pairs(
    pairs: Pairs,
    costs: Amounts,
    capacities: Counts,
    clients: Sequence[object] | None = None,
    *,
    backend: str = AUTO,
    payments: str = "client_clarke",
) -> MatchingOutcome:
    """Clear a market of which only the pairs worth matching are given, as ``clear`` does.

    ``costs`` (pairs,) are what the providers ask for them.
    """
    optimum = Optimum.of(pairs, capacities, backend)
    return _priced(optimum, costs[optimum.taken[optimum.served]], clients, payments)


def _priced(
    optimum: Optimum, costs: Amounts, clients: Sequence[object] | None, rule: str
) -> MatchingOutcome:
    """The outcome; ``costs`` (served,) are those of the served requests."""
    if rule not in PAYMENTS:
        expected = ", ".join(PAYMENTS)
        raise BadInput("payments", f"expected one of {expected}; got {shown(rule)}")
    requests = len(optimum.taken)
    if clients is not None and len(clients) != requests:
        problem = f"expected one for each of {requests} requests, got {len(clients)}"
        raise BadInput("clients", problem)
    prices = optimum.scarcity_prices
    served = optimum.served
    externalities = np.zeros(requests, dtype=prices.dtype)
    externalities[served] = prices[optimum.match[served]]
    for rows in _owned_together(clients):
        # At most the sum of the single ones: a second freed slot never adds more than the first.
        single = externalities[rows]
        if single.any():
            externalities[rows] = shares(optimum.externality(rows), single)
    cost = np.zeros(requests, dtype=prices.dtype)
    cost[served] = costs
    return MatchingOutcome(
        welfare=optimum.welfare,
        match=optimum.match,
        payments=cost + externalities,
        provider_receives=PAYMENTS[rule](optimum, cost),
        scarcity_prices=prices,
        largest_prices=optimum.largest_prices,
    )


def _owned_together(clients: Sequence[object] | None) -> list[Integers]:
    """The rows of every client that has more than one request here."""
    if clients is None:
        return []
    rows_of: dict[object, list[int]] = {}
    for row, client in enumerate(clients):
        rows_of.setdefault(client, []).append(row)
    return [np.array(rows) for rows in rows_of.values() if len(rows) > 1]
