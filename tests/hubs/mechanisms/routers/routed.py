"""What a router does, clearing after clearing."""

from __future__ import annotations

import numpy as np

from hubs.mechanisms import MECHANISMS, Offers
from market.profiles import ProviderProfile


def routed(
    router: str, members: list[ProviderProfile], *offered: Offers, seed: int = 0
) -> list[list[int]]:
    """The matches of one router in clearings that follow each other."""
    mechanism = MECHANISMS[router](members)
    rng = np.random.default_rng(seed)
    return [mechanism.clear(offers, rng).match.tolist() for offers in offered]
