"""The cheapest router."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hubs.mechanisms.role import Offers
from market.profiles import ProviderProfile


class CheapestRouter:
    """Every request goes where its predicted cost at the bids is least; ties by order."""

    def __init__(self, members: Sequence[ProviderProfile]):
        """Whoever the ``members`` are, only what they ask counts."""

    def choose(
        self, row: int, free: npt.NDArray[np.int64], offers: Offers, rng: np.random.Generator
    ) -> int:
        """The cheapest with a free slot; a later request may find it full."""
        open_to = np.flatnonzero(free)
        return int(open_to[np.argmin(offers.costs[row, open_to])])
