"""Exploration: some requests go to a random provider, so that predictors learn of all.

A hub learns only from the pairs that it matched. Here who is explored, where it goes and what is
paid for it follow from draws and from what is public, and from no report of this clearing, as in
the exploration-separated mechanisms of Babaioff, Sharma and Slivkins (2009). What is truthful
therefore stays truthful. A warm-up explores everything in the first rounds (IEMAS, section 4.1).
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from hubs.mechanisms.role import Clearing, Mechanism, Offers
from hubs.mechanisms.routers.random import RandomRouter
from hubs.mechanisms.routing import amounts_of, first_come_first_served
from hubs.validated import Params
from market.matching import UNMATCHED


class ExplorationParams(Params):
    """Which requests go to a random provider, at the hub's expense."""

    rate: float = Field(0.0, ge=0, le=1)
    """The chance of each request to be explored."""
    warm_up_rounds: int = Field(0, ge=0, le=10**9)
    """So many rounds at first, all requests are explored."""

    @property
    def explores(self) -> bool:
        """Whether anything is ever explored."""
        return self.rate > 0 or self.warm_up_rounds > 0

    def chance_in(self, round_: int) -> float:
        """The chance of a request to be explored in a round, counted from 1."""
        return 1.0 if round_ <= self.warm_up_rounds else self.rate


class Exploring:
    """Explores first, at the hub's expense, then lets a mechanism clear what is left.

    An explored client pays nothing. Its provider receives the cost at the top of the public
    support: the least that covers it whatever its cost within the support is.

    Args:
        mechanism: clears the other requests in the slots that exploration leaves.
        params: how much is explored.
    """

    def __init__(self, mechanism: Mechanism, params: ExplorationParams):
        self._mechanism = mechanism
        self._params = params
        self._anywhere = RandomRouter(())

    def clear(self, offers: Offers, rng: np.random.Generator) -> Clearing:
        """Draw who is explored, then where each goes, then what the mechanism draws.

        No report decides how many draws come before those of the mechanism.
        """
        explored = rng.random(len(offers.values)) < self._params.chance_in(offers.round)
        away, rest = np.flatnonzero(explored), np.flatnonzero(~explored)
        sent = first_come_first_served(self._anywhere, offers.only(away, offers.capacities), rng)
        taken = np.bincount(sent[sent != UNMATCHED], minlength=len(offers.capacities))
        cleared = self._mechanism.clear(offers.only(rest, offers.capacities - taken), rng)

        match = np.full(len(explored), UNMATCHED, dtype=np.intp)
        match[away], match[rest] = sent, cleared.match
        client_pays = np.zeros(len(explored), dtype=np.int64)
        client_pays[rest] = cleared.client_pays
        provider_receives = np.zeros(len(explored), dtype=np.int64)
        provider_receives[away] = amounts_of(sent, offers.top_costs[away])
        provider_receives[rest] = cleared.provider_receives
        return Clearing(
            match=match,
            client_pays=client_pays,
            provider_receives=provider_receives,
            scarcity_prices=cleared.scarcity_prices,
            largest_prices=cleared.largest_prices,
            explored=explored,
        )
