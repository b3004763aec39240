"""Baseline routers: requests in order of arrival, each to a free slot, at the provider's bid.

They take no heed of what an answer is worth, so a client may pay more than it gains.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hubs.mechanisms.role import Clearing, Offers
from market.matching import UNMATCHED


class RandomRouting:
    """Every request goes to a free slot drawn uniformly over providers."""

    def clear(self, offers: Offers, rng: np.random.Generator) -> Clearing:
        """Draw a provider with a free slot for each request in turn."""
        free = offers.capacities.copy()
        match = np.full(len(offers.values), UNMATCHED, dtype=np.intp)
        for row in range(len(match)):
            match[row] = _draw_free(free, rng)
        return at_bid(offers, match)


class StickyRouting:
    """Every request goes where most of its prompt is cached, or else to a random free slot."""

    def clear(self, offers: Offers, rng: np.random.Generator) -> Clearing:
        """Prefer the warmest provider with a free slot, for each request in turn."""
        free = offers.capacities.copy()
        match = np.full(len(offers.values), UNMATCHED, dtype=np.intp)
        for row, cached in enumerate(offers.cached_tokens):
            warmest = int(np.argmax(np.where(free > 0, cached, -1.0))) if len(free) else 0
            if free.any() and cached[warmest] > 0:
                free[warmest] -= 1
                match[row] = warmest
            else:
                match[row] = _draw_free(free, rng)
        return at_bid(offers, match)


def at_bid(offers: Offers, match: npt.NDArray[np.intp]) -> Clearing:
    """The clearing in which every client pays, and every provider gets, the predicted cost."""
    price = np.zeros(len(match), dtype=np.int64)
    served = np.flatnonzero(match != UNMATCHED)
    price[served] = offers.costs[served, match[served]]
    return Clearing(match, price, price, np.zeros(len(offers.capacities), dtype=np.int64))


def _draw_free(free: npt.NDArray[np.int64], rng: np.random.Generator) -> int:
    """A provider with a free slot, whose slot is taken; ``UNMATCHED`` where none is left."""
    open_to = np.flatnonzero(free)
    if not len(open_to):
        return UNMATCHED
    chosen = int(open_to[rng.integers(len(open_to))])
    free[chosen] -= 1
    return chosen
