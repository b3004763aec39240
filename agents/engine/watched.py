"""A real engine that is watched: one whose service dies, or is silent for too long, is lost."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from agents.engine.wall_clock import Service, WallClock, WallClockEngine
from market.errors import ParticipantLost
from market.messages import Completion


class MortalService(Service, Protocol):
    """A service that can die: whatever is asked of it then raises ``ParticipantLost``."""

    async def show_life(self) -> None:
        """Return as soon as it is seen to be able to serve."""


class WatchedEngine(WallClockEngine):
    """A ``WallClockEngine`` over a service that can die.

    In every ``advance`` it is asked for a sign of life. One that owes it for ``deadline_s`` hangs,
    whether in its thread or wherever it does its work.

    Raises:
        ParticipantLost: out of ``advance``, in a line: it has died, or it hangs.
    """

    def __init__(self, service: MortalService, deadline_s: float):
        super().__init__(service)
        self._mortal = service
        self._deadline_s = deadline_s
        self._asked: Future[None] | None = None
        self._since = WallClock()

    def advance(self, until_s: float) -> list[Completion]:
        """See ``WallClockEngine``."""
        self._open()
        if self._asked is None:
            self._asked, self._since = self._run(self._mortal.show_life()), WallClock()
            self._since.start()
        completions = super().advance(until_s)
        if self._asked.done():
            self._asked.result()
            self._asked = None
        elif self._since.now_s > self._deadline_s:
            raise ParticipantLost(f"no sign of life within {self._deadline_s:g} s")
        return completions

    def close(self) -> None:
        """See ``WallClockEngine``."""
        super().close()
        self._asked = None
