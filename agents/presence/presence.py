"""Whether a provider offers anything in a round, and what being there costs it."""

from __future__ import annotations

from dataclasses import dataclass

from agents.presence.entry_exit import EntryExit
from agents.presence.outages import Outages

#: Why a provider offers nothing.
OUTAGE, LEFT = "outage", "left"


@dataclass(frozen=True, slots=True)
class RoundPresence:
    """One provider at the end of a round.

    Attributes:
        absence: why it offers nothing now, None where it does.
        fixed_cost_nano: what being in the market has cost since the last round.
    """

    absence: str | None
    fixed_cost_nano: int


class Presence:
    """One provider's presence over time.

    Args:
        outages: when it is out; None: never.
        entry_exit: when it leaves and returns; None: it stays, and nothing is fixed.
    """

    def __init__(self, outages: Outages | None = None, entry_exit: EntryExit | None = None):
        self._outages = outages
        self._entry_exit = entry_exit

    def begin(self, now_s: float) -> None:
        """Enter the market at ``now_s``, if it is not 0."""
        if self._entry_exit is not None:
            self._entry_exit.begin(now_s)

    def earn(self, nano: int) -> None:
        """Note what a chat job brought, less what it cost."""
        if self._entry_exit is not None:
            self._entry_exit.earn(nano)

    def advance(self, until_s: float) -> RoundPresence:
        """Its presence as of ``until_s``; the fixed cost goes on through an outage."""
        fixed_nano, left = 0, False
        if self._entry_exit is not None:
            fixed_nano = self._entry_exit.advance(until_s)
            left = self._entry_exit.away
        out = self._outages is not None and self._outages.out(until_s)
        return RoundPresence(LEFT if left else OUTAGE if out else None, fixed_nano)
