"""Where providers and hubs live. One call for each kind of participant and phase of a round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from agents.engine import Job
from agents.provider import ProviderReply
from hubs.matching_hub import ChatReply, ChatRound, MatchingHub
from hubs.workflow_hub import WorkflowHub, WorkflowReply, WorkflowRound
from orchestrator.assembly import WORKFLOW_HUB, Market, build_providers
from orchestrator.scenario import Scenario


class Runtime(Protocol):
    """Carries the messages of a round."""

    def step_providers(
        self, jobs: Mapping[str, Sequence[Job]], until_s: float
    ) -> list[ProviderReply]:
        """Hand out jobs by provider, advance every engine; replies in order of provider."""

    def clear_chat(self, rounds: Mapping[str, ChatRound]) -> dict[str, ChatReply]:
        """Clear every matching hub; replies in order of hub."""

    def clear_workflows(self, round_: WorkflowRound) -> WorkflowReply:
        """Clear the workflow hub."""


class InProcess:
    """Everyone in this process."""

    def __init__(self, scenario: Scenario, market: Market):
        self.providers = build_providers(scenario, market.seed)
        self.matching_hubs = {
            hub: MatchingHub(hub, members, market.domains, scenario.hubs, market.hub_seed)
            for hub, members in market.matching_members.items()
        }
        self.workflow_hub = WorkflowHub(
            WORKFLOW_HUB, market.workflow_members, scenario.hubs.workflow
        )

    def step_providers(
        self, jobs: Mapping[str, Sequence[Job]], until_s: float
    ) -> list[ProviderReply]:
        """Step one provider after the other."""
        return [
            provider.step(jobs.get(provider.profile.provider, ()), until_s)
            for provider in self.providers
        ]

    def clear_chat(self, rounds: Mapping[str, ChatRound]) -> dict[str, ChatReply]:
        """Clear one hub after the other."""
        return {hub: self.matching_hubs[hub].clear(round_) for hub, round_ in rounds.items()}

    def clear_workflows(self, round_: WorkflowRound) -> WorkflowReply:
        """Clear the workflow hub."""
        return self.workflow_hub.clear(round_)
