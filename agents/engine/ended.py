"""Jobs that have ended in an engine and are still to be told."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from market.messages import Completion


class Ended:
    """Completions that nobody has been told of yet."""

    def __init__(self) -> None:
        self._untold: list[Completion] = []

    def add(self, completions: Iterable[Completion]) -> None:
        """They have ended, or will have at their time."""
        self._untold += completions

    def until(self, until_s: float) -> list[Completion]:
        """Those that had finished by ``until_s``, in order of finish; each is told once."""
        self._untold.sort(key=lambda done: done.finish_s)
        due = bisect_right(self._untold, until_s, key=lambda done: done.finish_s)
        finished, self._untold = self._untold[:due], self._untold[due:]
        return finished
