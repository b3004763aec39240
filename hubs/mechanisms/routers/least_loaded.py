"""The least-loaded router."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hubs.mechanisms.role import Offers
from market.profiles import ProviderProfile


class LeastLoadedRouter:
    """Every request goes where the fewest are in flight per slot; ties by the members' order."""

    def __init__(self, members: Sequence[ProviderProfile]):
        """All chat slots of the ``members`` count, those that are taken too."""
        self._slots = np.array([member.chat_slots for member in members], dtype=np.int64)

    def choose(
        self, row: int, free: npt.NDArray[np.int64], offers: Offers, rng: np.random.Generator
    ) -> int:
        """What this clearing has routed so far is in flight too."""
        open_to = np.flatnonzero(free)
        slots = self._slots[open_to]
        return int(open_to[np.argmin((slots - free[open_to]) / slots)])
