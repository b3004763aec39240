"""The round-robin router."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hubs.mechanisms.role import Offers
from market.profiles import ProviderProfile


class RoundRobinRouter:
    """Every request goes to the next provider with a free slot, in a cycle.

    The cycle goes on from one clearing to the next.
    """

    def __init__(self, members: Sequence[ProviderProfile]):
        """The cycle follows the order of ``members``, the first of them first."""
        self._last = -1

    def choose(
        self, row: int, free: npt.NDArray[np.int64], offers: Offers, rng: np.random.Generator
    ) -> int:
        """The first one after the last that was chosen; the full ones are passed over."""
        open_to = np.flatnonzero(free)
        later = open_to[open_to > self._last]
        self._last = int(later[0] if len(later) else open_to[0])
        return self._last
