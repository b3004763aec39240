"""Wall-clock time of the phases of a round."""

from __future__ import annotations

import time


class Stopwatch:
    """Starts when made; every lap has a name."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """End the lap called ``name``."""
        now = time.perf_counter()
        self.seconds[name] = now - self._last
        self._last = now
