"""Where providers and hubs live. One call for each kind of participant and phase of a round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from agents.chat_bids import ChatWin
from agents.engine import Job
from agents.host import ProviderHost
from agents.provider import ProviderReply
from hubs.host import HubHost, HubSeats, HubsReply, HubsRound
from orchestrator.assembly import Market
from orchestrator.scenario import Scenario


class Runtime(Protocol):
    """Holds the participants of one trial after the other, and carries their messages."""

    def seat(self, scenario: Scenario, market: Market) -> None:
        """Let the providers and hubs of a new trial take their places."""

    def step_providers(
        self, jobs: Mapping[str, Sequence[Job]], until_s: float, won: Mapping[str, ChatWin]
    ) -> list[ProviderReply]:
        """Hand out by provider jobs and what its bid won, advance; replies in order of provider."""

    def clear_hubs(self, round_: HubsRound) -> HubsReply:
        """Clear every hub; replies in order of hub."""

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
        self, jobs: Mapping[str, Sequence[Job]], until_s: float, won: Mapping[str, ChatWin]
    ) -> list[ProviderReply]:
        """Step one provider after the other."""
        return self.providers.step(jobs, until_s, won)

    def clear_hubs(self, round_: HubsRound) -> HubsReply:
        """Clear one hub after the other."""
        return self.hubs.clear(round_)

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
