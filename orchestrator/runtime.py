"""Where providers and hubs live. One call for each kind of participant and phase of a round."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from agents.chat_bids import ChatWin
from agents.engine import Job
from agents.host import ProviderHost, ProvidersLost
from agents.provider import ProviderReply
from hubs.host import HubHost, HubSeats, HubsReply, HubsRound
from hubs.recovery import HubsRecovery
from orchestrator.assembly import Market
from orchestrator.scenario.model import Scenario


@dataclass(frozen=True)
class Stepped:
    """What came of a step of the providers.

    ``replies`` are in order of provider, without those who were silent; ``lost`` says by provider
    how its process was lost in this step, with all that it did in it.
    """

    replies: Sequence[ProviderReply]
    lost: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cleared:
    """What came of a clearing; ``lost`` says by hub how its process was lost before it answered.

    ``reply`` has the answers of the others.
    """

    reply: HubsReply
    lost: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Frozen:
    """Participants between two rounds, pickled: a piece for every process that held some.

    Real engines are not among them: they have no state that could be kept.
    """

    providers: Sequence[bytes]
    hubs: Sequence[bytes]


class Runtime(Protocol):
    """Holds the participants of one trial after the other, and carries their messages."""

    def seat(self, scenario: Scenario, market: Market) -> None:
        """Let the providers and hubs of a new trial take their places."""

    def step_providers(
        self,
        jobs: Mapping[str, Sequence[Job]],
        until_s: float,
        won: Mapping[str, ChatWin],
        silent: Collection[str],
    ) -> Stepped:
        """Hand out by provider jobs and what its bid won, and advance all but the ``silent``."""

    def renew_providers(self, providers: Collection[str], now_s: float) -> Collection[str]:
        """Let providers that were lost begin anew at ``now_s``, with nothing of what they had.

        Returns those for which there is still no process; they are to be asked for again.
        """

    def clear_hubs(self, round_: HubsRound) -> Cleared:
        """Clear the hubs that are asked; replies in their order."""

    def renew_hubs(self, recovery: HubsRecovery) -> None:
        """Let hubs begin anew, with nothing but what they are told.

        Raises ``ParticipantLost`` where no process can be had for one of them.
        """

    def freeze(self) -> Frozen:
        """The state of all simulated providers and of all hubs."""

    def thaw(self, frozen: Frozen) -> None:
        """Put everyone who was frozen back, whoever shared a process then; after ``seat``."""

    def close(self) -> None:
        """Give back what the participants hold."""


class InProcess:
    """Everyone in this process."""

    def __init__(self) -> None:
        self.providers = ProviderHost()
        self.hubs = HubHost()

    def seat(self, scenario: Scenario, market: Market) -> None:
        """Seat all in one host each."""
        self.providers.seat(scenario.providers, scenario.electricity, market.seed)
        self.hubs.seat(hub_seats(scenario, market))

    def step_providers(
        self,
        jobs: Mapping[str, Sequence[Job]],
        until_s: float,
        won: Mapping[str, ChatWin],
        silent: Collection[str],
    ) -> Stepped:
        """Step one provider after the other."""
        try:
            return Stepped(self.providers.step(jobs, until_s, won, silent))
        except ProvidersLost as loss:
            return Stepped(loss.replies, loss.lost)

    def renew_providers(self, providers: Collection[str], now_s: float) -> Collection[str]:
        """Draw them anew; real engines start in the background."""
        try:
            self.providers.renew(providers, now_s)
        except ProvidersLost as loss:
            return sorted(loss.lost)
        return ()

    def clear_hubs(self, round_: HubsRound) -> Cleared:
        """Clear one hub after the other."""
        return Cleared(self.hubs.clear(round_))

    def renew_hubs(self, recovery: HubsRecovery) -> None:
        """Open them anew."""
        self.hubs.renew(recovery)

    def freeze(self) -> Frozen:
        """One piece of each kind."""
        return Frozen([self.providers.freeze()], [self.hubs.freeze()])

    def thaw(self, frozen: Frozen) -> None:
        """Each host takes its own."""
        self.providers.thaw(frozen.providers)
        self.hubs.thaw(frozen.hubs)

    def close(self) -> None:
        """Close all engines."""
        self.providers.close()


def hub_seats(scenario: Scenario, market: Market) -> HubSeats:
    """All hubs of a trial, as one host of them all would be told."""
    return HubSeats(
        matching=market.matching_members,
        workflow=market.workflow_members,
        domains=market.domains,
        params=scenario.hubs,
        seed=market.hub_seed,
    )
