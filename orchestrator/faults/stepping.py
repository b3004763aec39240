"""Advancing providers through faults: who is absent is left alone, and an understudy bids for it.

Whether a provider crashed as the scenario has it or its process died in the step is one to the
market: nothing of what it did in the round counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.chat_bids import ChatWin
from agents.engine import Job
from agents.provider import ProviderReply
from orchestrator.faults.attendance import Attendance
from orchestrator.faults.plan import FaultPlan
from orchestrator.faults.understudies import Understudies
from orchestrator.runtime import Runtime


class Stepping:
    """Steps the providers of a trial; all that changes is in ``attendance``.

    Args:
        runtime: where they live.
        plan: which faults are in store.
        understudies: who bids for whom.
        round_s: length of a round, seconds.
    """

    def __init__(
        self, runtime: Runtime, plan: FaultPlan, understudies: Understudies, round_s: float
    ):
        self._runtime = runtime
        self._plan = plan
        self._understudies = understudies
        self._round_s = round_s

    def step(
        self,
        number: int,
        attendance: Attendance,
        jobs: Mapping[str, Sequence[Job]],
        won: Mapping[str, ChatWin],
    ) -> list[ProviderReply]:
        """Advance whoever is there to the end of a round; replies of all, in order of provider."""
        start_s, now_s = (number - 1) * self._round_s, number * self._round_s
        attendance.begin(number, lambda due: self._runtime.renew_providers(due, start_s))
        attendance.befall(self._plan.of_providers(number))
        silent = attendance.absences
        handed = {name: those for name, those in jobs.items() if name not in silent}
        stepped = self._runtime.step_providers(handed, now_s, won, silent)
        attendance.lose(stepped.lost)
        attendance.give_up()
        absent = attendance.absences
        there = [reply for reply in stepped.replies if reply.bid.provider not in absent]
        if not absent:
            return there
        replies = [*there, *self._understudies.replies(absent, now_s)]
        return sorted(replies, key=lambda reply: reply.bid.provider)
