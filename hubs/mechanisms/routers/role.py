"""The role of a router: where the next request goes."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from hubs.mechanisms.role import Offers


class Router(Protocol):
    """Sends requests to free slots, one at a time, in order of arrival."""

    def choose(
        self,
        row: int,
        free: npt.NDArray[np.int64],
        offers: Offers,
        rng: np.random.Generator,
    ) -> int:
        """The provider that gets a request.

        Args:
            row: the request's row in ``offers``.
            free: (providers,), slots still free, one or more in all.
            offers: the market; its ``capacities`` are those before the first request.
            rng: the clearing's own.

        Returns:
            The index of a provider with a free slot; the caller takes the slot.
        """
