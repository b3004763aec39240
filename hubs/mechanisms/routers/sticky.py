"""The sticky router: prefix affinity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hubs.mechanisms.role import Offers
from hubs.mechanisms.routers.random import RandomRouter
from market.profiles import ProviderProfile


class StickyRouter:
    """Every request goes where most of its prompt is cached, or else to a random free slot."""

    def __init__(self, members: Sequence[ProviderProfile]):
        """Whoever the ``members`` are, only their caches count."""
        self._cold = RandomRouter(members)

    def choose(
        self, row: int, free: npt.NDArray[np.int64], offers: Offers, rng: np.random.Generator
    ) -> int:
        """The warmest with a free slot, the first of equals."""
        open_to = np.flatnonzero(free)
        cached = offers.cached_tokens[row, open_to]
        warmest = int(np.argmax(cached))
        if cached[warmest] <= 0:
            return self._cold.choose(row, free, offers, rng)
        return int(open_to[warmest])
