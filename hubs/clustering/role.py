"""The role of a clustering: which providers share a hub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from market.profiles import ProviderProfile


class Clustering(Protocol):
    """Puts every provider into one hub, and somebody into every hub."""

    def __call__(
        self, profiles: Sequence[ProviderProfile], hubs: int, rng: np.random.Generator, /
    ) -> list[list[int]]:
        """Cluster providers.

        Args:
            profiles: the providers, each with a chat slot at least.
            hubs: how many hubs; at most as many as providers, and 0 only if there are none.
            rng: all that is drawn comes from it.

        Returns:
            For each hub, the indices of its providers in order.
        """
