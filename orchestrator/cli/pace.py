"""How fast a run gets on of late, and when it will be over at that pace."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from orchestrator.runs.advance import SEATING, Advance

#: The pace is that of the last so many seconds, seen so often.
WINDOW_S = 30.0
SEEN_EVERY_S = 0.25


class _Seen(NamedTuple):
    at_s: float
    rounds: int


class Pace:
    """Rounds a second over the last ``WINDOW_S``.

    Args:
        rounds: how many there are in all.
    """

    def __init__(self, rounds: int):
        self._all = rounds
        self._seen: deque[_Seen] = deque()
        self._last: _Seen | None = None

    def note(self, advance: Advance, at_s: float) -> None:
        """How far it is at ``at_s``, in seconds of any clock that never goes back."""
        if advance.stage == SEATING:  # time that no round takes
            return
        self._last = _Seen(at_s, advance.rounds)
        if not self._seen or at_s - self._seen[-1].at_s >= SEEN_EVERY_S:
            self._seen.append(self._last)
        while len(self._seen) > 1 and at_s - self._seen[1].at_s >= WINDOW_S:
            self._seen.popleft()

    @property
    def rounds_per_s(self) -> float | None:
        """None until a round is over while somebody looks."""
        if self._last is None:
            return None
        first = self._seen[0]
        rounds, seconds = self._last.rounds - first.rounds, self._last.at_s - first.at_s
        return rounds / seconds if rounds > 0 and seconds > 0 else None

    @property
    def left_s(self) -> float | None:
        """Seconds until all rounds of demand are over, at this pace; None where it has none."""
        pace = self.rounds_per_s
        if pace is None or self._last is None:
            return None
        return (self._all - self._last.rounds) / pace
