"""Runtimes in front of a runtime: one that notes what comes from outside, one that repeats it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from agents.chat_bids import ChatWin
from agents.engine import Job
from hubs.host import HubsReply, HubsRound
from hubs.recovery import HubsRecovery
from hubs.workflow_hub import WORKFLOW_HUB
from market.errors import BadInput
from orchestrator.assembly import Market
from orchestrator.resume.journal import Heard, Journal
from orchestrator.runtime import Cleared, Frozen, Runtime, Stepped
from orchestrator.scenario.model import Scenario


class Relay:
    """Hands every call on to a runtime, which may be another one after any of them.

    Attributes:
        orchestrator: how the one before was lost in whose place this one went on in the round whose
            providers were stepped last; empty in all other rounds.
    """

    def __init__(self, to: Runtime):
        self.to = to
        self.orchestrator = ""

    def seat(self, scenario: Scenario, market: Market) -> None:
        """See ``Runtime``; the same below."""
        self.to.seat(scenario, market)

    def step_providers(
        self,
        jobs: Mapping[str, Sequence[Job]],
        until_s: float,
        won: Mapping[str, ChatWin],
        silent: Collection[str],
    ) -> Stepped:
        """Handed on."""
        return self.to.step_providers(jobs, until_s, won, silent)

    def renew_providers(self, providers: Collection[str], now_s: float) -> Collection[str]:
        """Handed on."""
        return self.to.renew_providers(providers, now_s)

    def clear_hubs(self, round_: HubsRound) -> Cleared:
        """Handed on."""
        return self.to.clear_hubs(round_)

    def renew_hubs(self, recovery: HubsRecovery) -> None:
        """Handed on."""
        self.to.renew_hubs(recovery)

    def freeze(self) -> Frozen:
        """Handed on."""
        return self.to.freeze()

    def thaw(self, frozen: Frozen) -> None:
        """Handed on."""
        self.to.thaw(frozen)

    def close(self) -> None:
        """Handed on."""
        self.to.close()


class Recording(Relay):
    """Notes in the journal what its runtime brings that no seed can bring again.

    Args:
        to: the runtime.
        journal: where it is noted, by the number of the call.
        real: the providers with real engines.
        calls: how many calls there were before.
        lost: participants who are lost by what happened before, and how; those of them who are not
            silent by then are told of in the first step, without being asked.
        orchestrator: how the one before was lost, if it goes on in its place.
    """

    def __init__(
        self,
        to: Runtime,
        journal: Journal,
        real: Collection[str],
        calls: int = 0,
        lost: Mapping[str, str] | None = None,
        orchestrator: str = "",
    ):
        super().__init__(to)
        self._before = orchestrator
        self.calls = calls
        self._journal = journal
        self._real = real
        self._lost = dict(lost or {})

    def step_providers(
        self,
        jobs: Mapping[str, Sequence[Job]],
        until_s: float,
        won: Mapping[str, ChatWin],
        silent: Collection[str],
    ) -> Stepped:
        """Note the replies of real engines, and who was lost."""
        lost = {name: how for name, how in self._lost.items() if name not in silent}
        self._lost = {}
        self.orchestrator, self._before = self._before, ""
        stepped = self.to.step_providers(jobs, until_s, won, {*silent, *lost})
        told = Stepped(stepped.replies, {**stepped.lost, **lost})
        real = [reply for reply in told.replies if reply.bid.provider in self._real]
        self._note(Heard(replies=real, lost=told.lost, orchestrator=self.orchestrator))
        return told

    def renew_providers(self, providers: Collection[str], now_s: float) -> Collection[str]:
        """Note for whom there is no process."""
        missing = self.to.renew_providers(providers, now_s)
        self._note(Heard(missing=sorted(missing)))
        return missing

    def clear_hubs(self, round_: HubsRound) -> Cleared:
        """Note which were lost."""
        cleared = self.to.clear_hubs(round_)
        self._note(Heard(lost=cleared.lost))
        return cleared

    def _note(self, heard: Heard) -> None:
        self._journal.note(self.calls, heard)
        self.calls += 1


class Repeating(Relay):
    """Repeats from the journal what came from outside; real engines are not asked.

    Args:
        to: the runtime, which takes part in everything else.
        journal: what was heard, by the number of the call.
        real: the providers with real engines.
        calls: how many calls there were before.
    """

    def __init__(self, to: Runtime, journal: Journal, real: Collection[str], calls: int = 0):
        super().__init__(to)
        self.calls = calls
        self._journal = journal
        self._real = real

    def step_providers(
        self,
        jobs: Mapping[str, Sequence[Job]],
        until_s: float,
        won: Mapping[str, ChatWin],
        silent: Collection[str],
    ) -> Stepped:
        """Step those who are simulated and were not lost.

        Raises:
            BadInput: the journal does not say what a real engine answered.
        """
        heard = self._next()
        self.orchestrator = heard.orchestrator
        answered = {reply.bid.provider for reply in heard.replies}
        for name in self._real:
            if name not in answered and name not in silent and name not in heard.lost:
                where = f"{self._journal.path}: second {until_s:g}"
                raise BadInput(where, f"says nothing of {name}, which has a real engine")
        stepped = self.to.step_providers(jobs, until_s, won, {*silent, *self._real, *heard.lost})
        replies = sorted([*stepped.replies, *heard.replies], key=lambda reply: reply.bid.provider)
        return Stepped(replies, heard.lost)

    def renew_providers(self, providers: Collection[str], now_s: float) -> Collection[str]:
        """Renew those who are simulated and could be renewed then."""
        missing = self._next().missing
        renewed = [name for name in providers if name not in self._real and name not in missing]
        self.to.renew_providers(renewed, now_s)
        return missing

    def clear_hubs(self, round_: HubsRound) -> Cleared:
        """Clear those who were not lost."""
        lost = self._next().lost
        chat = {hub: asked for hub, asked in round_.chat.items() if hub not in lost}
        workflow = None if WORKFLOW_HUB in lost else round_.workflow
        reply: HubsReply = self.to.clear_hubs(HubsRound(chat, workflow)).reply
        return Cleared(reply, lost)

    def _next(self) -> Heard:
        heard = self._journal.heard.get(self.calls, Heard())
        self.calls += 1
        return heard
