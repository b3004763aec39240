"""A random balanced partition: hubs that know nothing of who is in them (IEMAS, B.1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hubs.clustering.lpt import lpt
from market.profiles import ProviderProfile


def cluster_at_random(
    profiles: Sequence[ProviderProfile], hubs: int, rng: np.random.Generator
) -> list[list[int]]:
    """Deal providers out in random order, so that the slots of hubs are balanced.

    A hub has at most as many slots more than the smallest hub as its own smallest provider has.
    """
    if not hubs:
        return []
    slots = [profile.chat_slots for profile in profiles]
    return lpt(slots, hubs, rng.permutation(len(profiles)).tolist())
