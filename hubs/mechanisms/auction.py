"""The auction of IEMAS: maximum-weight matching, VCG payments (section 4.2)."""

from __future__ import annotations

import numpy as np

from hubs.mechanisms.role import Clearing, Offers
from market.matching import UNMATCHED, clear


class Auction:
    """Clients pay Clarke prices, providers receive what they asked, the hub keeps the rest."""

    _sets = True

    def clear(self, offers: Offers, rng: np.random.Generator) -> Clearing:
        """Truth is dominant for clients; deterministic, so ``rng`` is left alone."""
        allowed = np.ones(offers.values.shape, dtype=bool)
        clients = offers.clients if self._sets else None
        outcome = clear(offers.values, offers.costs, allowed, offers.capacities, clients)
        receives = np.zeros_like(outcome.payments)
        served = np.flatnonzero(outcome.match != UNMATCHED)
        receives[served] = offers.costs[served, outcome.match[served]]
        return Clearing(outcome.match, outcome.payments, receives, outcome.scarcity_prices)


class PerRequestAuction(Auction):
    """The auction that takes every request for a client of its own, to see why it must not.

    A client with several requests in one clearing raises its own prices, and gains by lying.
    """

    _sets = False
