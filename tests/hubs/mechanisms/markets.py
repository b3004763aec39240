"""Offers to clear, and members to clear them for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from hubs.mechanisms import Clearing, ExplorationParams, Offers, mechanism_of
from market.profiles import ProviderProfile
from tests.hubs.builders import DOMAINS, provider

#: No exploration, some, and a first round that explores everything.
EXPLORATIONS = (
    ExplorationParams(),
    ExplorationParams(rate=0.5),
    ExplorationParams(rate=0.2, warm_up_rounds=1),
)
NO_EXPLORATION = EXPLORATIONS[0]


def offers(costs: Any, capacities: Sequence[int], **changes: Any) -> Offers:
    """Requests of clients of their own, each worth 9 anywhere, nothing cached."""
    costs = np.array(costs, dtype=np.int64)
    usual = Offers(
        values=np.full(costs.shape, 9),
        costs=costs,
        capacities=np.array(capacities, dtype=np.int64),
        clients=[f"c{row}" for row in range(len(costs))],
        domains=["law"] * len(costs),
        cached_tokens=np.zeros(costs.shape),
        top_costs=2 * costs,
        round=1,
    )
    return replace(usual, **changes)


def members(slots: Sequence[int]) -> list[ProviderProfile]:
    """Providers with so many chat slots, alike in all else."""
    return [provider(f"p{column}", chat_slots=count) for column, count in enumerate(slots)]


@dataclass(frozen=True)
class Market:
    """Offers with their hub's members, and the seed of their clearing."""

    offers: Offers
    members: Sequence[ProviderProfile]
    exploration: ExplorationParams
    seed: int

    def cleared(self, mechanism: str) -> Clearing:
        """Cleared by a mechanism that has cleared nothing yet."""
        made = mechanism_of(mechanism, self.members, self.exploration)
        return made.clear(self.offers, np.random.default_rng(self.seed))

    def offering(self, **changes: Any) -> Market:
        """The same market with other offers."""
        return replace(self, offers=replace(self.offers, **changes))


def random_market(
    requests: int, providers: int, exploration: ExplorationParams, seed: int
) -> Market:
    """A market as hubs make them: no cost below zero, any value, some providers full.

    Amounts are few, so that ties are many.
    """
    rng, shape = np.random.default_rng(seed), (requests, providers)
    slots = rng.integers(1, 4, providers)
    scores = rng.choice([0.2, 0.8], (providers, len(DOMAINS)))
    return Market(
        offers=Offers(
            values=rng.integers(-5, 40, shape) * 1_000_003,
            costs=rng.integers(0, 9, shape) * 999_983,
            capacities=rng.integers(0, slots + 1),
            clients=rng.choice(["a", "b", "c"], requests).tolist(),
            domains=rng.choice([*DOMAINS, "unheard of"], requests).tolist(),
            cached_tokens=rng.choice([0.0, 0.0, 16.0, 160.0], shape),
            top_costs=rng.integers(0, 20, shape) * 999_979,
            round=int(rng.integers(1, 3)),
        ),
        members=[
            provider(
                f"p{column}",
                chat_slots=int(slots[column]),
                scores=dict(zip(DOMAINS, scores[column].tolist(), strict=True)),
            )
            for column in range(providers)
        ],
        exploration=exploration,
        seed=seed,
    )


def markets(
    explorations: Sequence[ExplorationParams] = EXPLORATIONS, least: int = 0, most: int = 7
) -> st.SearchStrategy[Market]:
    """Random markets of up to ``most`` requests and four providers, ``least`` or more of both."""
    return st.builds(
        random_market,
        st.integers(least, most),
        st.integers(least, 4),
        st.sampled_from(explorations),
        st.integers(0, 2**32 - 1),
    )
