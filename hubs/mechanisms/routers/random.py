"""The random router."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hubs.mechanisms.role import Offers
from market.profiles import ProviderProfile


class RandomRouter:
    """Every request goes to a provider drawn uniformly among those with a free slot."""

    def __init__(self, members: Sequence[ProviderProfile]):
        """Whoever the ``members`` are, all are alike to it."""

    def choose(
        self, row: int, free: npt.NDArray[np.int64], offers: Offers, rng: np.random.Generator
    ) -> int:
        """Draw one; a provider with many free slots is no likelier than one with few."""
        open_to = np.flatnonzero(free)
        return int(open_to[rng.integers(len(open_to))])
