"""Who of a trial's providers is there: not those that hang, nor those that are lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from market.messages import Completion
from orchestrator.faults.events import (
    BACK,
    CRASH,
    GIVEN_UP,
    HANG,
    HUNG,
    LOST,
    PROVIDER,
    PROVIDER_LOST,
    UNREACHABLE,
    FaultEvent,
)
from orchestrator.faults.params import FaultParams

#: Lets providers begin anew; returns those for which there is no process yet.
Renew = Callable[[Collection[str]], Collection[str]]

_OVERDUE = "silent beyond the deadline"
_DOWN_LONG_ENOUGH = "renewed"
_WHILE_LOST = "work was sent to it while it was lost"


class Attendance:
    """Keeps who is hung or lost, since when, and what befell whom in the round.

    A provider that is lost in round k is absent in the rounds k to k + ``down_rounds`` - 1. One
    that hangs in round k is given up, and lost, in the first round that ends ``deadline_s`` later.

    Args:
        params: how long absences last.
        round_s: length of a round, seconds.
    """

    def __init__(self, params: FaultParams, round_s: float):
        self._down_rounds = params.down_rounds
        self._hang_rounds = params.hang_rounds(round_s)
        self._round = 0
        self._hung_in: dict[str, int] = {}
        self._back_in: dict[str, int] = {}
        self._events: list[FaultEvent] = []

    @property
    def absences(self) -> dict[str, str]:
        """Why whoever is absent is so, in order of provider."""
        absent = dict.fromkeys(self._hung_in, HUNG) | dict.fromkeys(self._back_in, LOST)
        return dict(sorted(absent.items()))

    def is_lost(self, provider: str) -> bool:
        """Whether all that a provider had is gone, and it is not back yet."""
        return provider in self._back_in

    def begin(self, number: int, renew: Renew) -> None:
        """A round begins: whoever has been lost for long enough is back, if there is a process."""
        self._round, self._events = number, []
        due = sorted(name for name, back in self._back_in.items() if back <= number)
        still_lost = renew(due) if due else ()
        for name in due:
            if name not in still_lost:
                del self._back_in[name]
                self._note(name, BACK, _DOWN_LONG_ENOUGH)

    def befall(self, faults: Sequence[FaultEvent]) -> None:
        """Providers crash or hang; who is lost already has nothing to lose, and only hangs once."""
        for fault in faults:
            if fault.event == CRASH:
                self.lose({fault.name: fault.cause})
            elif fault.name not in self.absences:
                self._hung_in[fault.name] = self._round
                self._note(fault.name, HANG, fault.cause)

    def lose(self, lost: Mapping[str, str], event: str = CRASH) -> None:
        """Providers are lost from this round on; by provider, why."""
        for name, cause in sorted(lost.items()):
            if name not in self._back_in:
                self._hung_in.pop(name, None)
                self._back_in[name] = self._round + self._down_rounds
                self._note(name, event, cause)

    def give_up(self) -> None:
        """Lose those that have been silent for too long."""
        overdue = [
            name
            for name, since in self._hung_in.items()
            if self._round - since >= self._hang_rounds
        ]
        self.lose(dict.fromkeys(overdue, _OVERDUE), GIVEN_UP)

    def events(
        self, completions: Sequence[Completion], reauctioned: Collection[str]
    ) -> list[FaultEvent]:
        """What befell providers in this round, in their order.

        Args:
            completions: of the round.
            reauctioned: the chat requests that are auctioned once more.
        """
        failures = [done for done in completions if done.error == PROVIDER_LOST]
        lost = Counter(done.provider for done in failures)
        again = Counter(done.provider for done in failures if done.request in reauctioned)
        befallen = {one.name for one in self._events if one.event in (CRASH, GIVEN_UP)}
        for name in lost.keys() - befallen:
            self._note(name, UNREACHABLE, _WHILE_LOST)
        by_it = (CRASH, GIVEN_UP, UNREACHABLE)
        return [
            replace(one, lost=lost[one.name], reauctioned=again[one.name])
            if one.event in by_it
            else one
            for one in sorted(self._events, key=lambda one: one.name)
        ]

    def _note(self, name: str, event: str, cause: str) -> None:
        self._events.append(FaultEvent(PROVIDER, name, event, cause))
