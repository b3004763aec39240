"""Routing as a mechanism: requests in order of arrival, each to a free slot, at the bid.

Routers take no heed of what an answer is worth, so a client may pay more than it gains.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hubs.mechanisms.role import Clearing, Nano, Offers
from hubs.mechanisms.routers import Router
from market.errors import BadInput
from market.matching import UNMATCHED


class Routing:
    """Every client pays, and every provider receives, the predicted cost at the bid."""

    def __init__(self, router: Router):
        self._router = router

    def clear(self, offers: Offers, rng: np.random.Generator) -> Clearing:
        """Nobody is turned away while a slot is free."""
        match = first_come_first_served(self._router, offers, rng)
        paid = amounts_of(match, offers.costs)
        return Clearing(
            match=match,
            client_pays=paid,
            provider_receives=paid,
            scarcity_prices=np.zeros(len(offers.capacities), dtype=np.int64),
            largest_prices=np.zeros(len(offers.capacities), dtype=np.int64),
            explored=np.zeros(len(match), dtype=bool),
        )


def first_come_first_served(
    router: Router, offers: Offers, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """(requests,), where ``router`` sends them in order of arrival, until no slot is left."""
    free = offers.capacities.copy()
    match = np.full(len(offers.values), UNMATCHED, dtype=np.intp)
    for row in range(min(len(match), int(free.sum()))):
        chosen = router.choose(row, free, offers, rng)
        if not (0 <= chosen < len(free) and free[chosen] > 0):
            expected = "expected the index of a provider with a free slot"
            raise BadInput(f"{type(router).__name__}.choose", f"{expected}, got {chosen!r}")
        match[row] = chosen
        free[chosen] -= 1
    return match


def amounts_of(match: npt.NDArray[np.intp], amounts: Nano) -> Nano:
    """(requests,), the entry of each matched pair in ``amounts``; 0 where unmatched."""
    chosen = np.zeros(len(match), dtype=np.int64)
    served = np.flatnonzero(match != UNMATCHED)
    chosen[served] = amounts[served, match[served]]
    return chosen
