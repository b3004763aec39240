"""The auction of IEMAS: maximum-weight matching, VCG payments (section 4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from hubs.mechanisms.role import Clearing, Offers
from market.matching import clear
from market.profiles import ProviderProfile


class Auction:
    """Clients pay Clarke prices, providers receive what they asked, the hub keeps the rest."""

    _payments: ClassVar[str] = "client_clarke"
    _sets: ClassVar[bool] = True

    def __init__(self, members: Sequence[ProviderProfile]):
        """An auction takes everyone as they bid; it need not know the ``members``."""

    def clear(self, offers: Offers, rng: np.random.Generator) -> Clearing:
        """Truth is dominant for clients; deterministic, so ``rng`` is left alone."""
        outcome = clear(
            offers.values,
            offers.costs,
            np.ones(offers.values.shape, dtype=bool),
            offers.capacities,
            offers.clients if self._sets else None,
            payments=self._payments,
        )
        return Clearing(
            match=outcome.match,
            client_pays=outcome.payments,
            provider_receives=outcome.provider_receives,
            scarcity_prices=outcome.scarcity_prices,
            largest_prices=outcome.largest_prices,
            explored=np.zeros(len(outcome.match), dtype=bool),
        )


class PerRequestAuction(Auction):
    """The auction that takes every request for a client of its own, to see why it must not.

    A client with several requests in one clearing raises its own prices, and gains by lying.
    """

    _sets = False


class TwoSidedAuction(Auction):
    """The auction that pays providers their cost and all that welfare would lose without them.

    Truth is dominant for providers too. They receive at least what the clients pay: a hub that
    holds it bears the difference, so what it keeps is never above zero.
    """

    _payments = "two_sided"
