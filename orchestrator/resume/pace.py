"""How often the state of a trial is kept: as often as a share of the time allows."""

from __future__ import annotations

import time
from collections.abc import Callable

#: The first snapshot is taken after so long; only then it is known what one costs. A process that
#: is killed before loses no more.
FIRST_S = 60.0


class SnapshotPace:
    """Says when the next snapshot may be taken.

    What a snapshot costs, over the time since the one before, is at most ``share``: the next one
    is due when the last one's cost is so little of the time that has passed. A process that is
    stopped loses about that time.

    Args:
        share: of the time, for all snapshots; 0 is none at all, 1 all that are asked for.
        clock: seconds.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.monotonic):
        self._share = share
        self._clock = clock
        self._next_s = clock() + FIRST_S

    @property
    def due(self) -> bool:
        """Whether a snapshot may be taken now."""
        if self._share in (0.0, 1.0):
            return self._share == 1.0
        return self._clock() >= self._next_s

    def took(self, cost_s: float) -> None:
        """A snapshot was taken, and cost so much."""
        if self._share > 0:
            self._next_s = self._clock() + cost_s / self._share
