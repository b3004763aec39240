"""What the orchestrator keeps of contracts under way, so that a hub can be told them again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from hubs.recovery import (
    ChatRecovery,
    ChatUnderWay,
    ChatWaiting,
    HubsRecovery,
    WorkflowRecovery,
    WorkflowUnderWay,
    WorkflowWaiting,
)
from hubs.workflow_award import WorkflowAward
from hubs.workflow_hub import WORKFLOW_HUB
from market.messages import CHAT, NODE, ChatAward, Completion
from orchestrator.faults.events import PROVIDER_LOST
from orchestrator.records import OpenChat, OpenWorkflow


@dataclass(slots=True)
class _Bought:
    """A workflow under way, and which nodes came back in each round in which some did."""

    award: WorkflowAward
    came_back: list[list[Completion]] = field(default_factory=list)


class Contracts:
    """The awards that are under way, in the order in which they were made."""

    def __init__(self) -> None:
        self._chat: dict[str, ChatAward] = {}
        self._workflows: dict[str, _Bought] = {}

    def came_back(self, completions: Iterable[Completion]) -> None:
        """What came back in a round, once all hubs know of it."""
        nodes: dict[str, list[Completion]] = {}
        for done in completions:
            if done.kind == CHAT:
                del self._chat[done.request]
            elif done.kind == NODE:
                nodes.setdefault(done.request.partition("/")[0], []).append(done)
        for workflow, those in nodes.items():
            self._workflows[workflow].came_back.append(those)

    def awarded(self, chat: Iterable[ChatAward], workflows: Iterable[WorkflowAward]) -> None:
        """What hubs awarded in a round."""
        self._chat.update((award.request, award) for award in chat)
        self._workflows.update((award.request.request, _Bought(award)) for award in workflows)

    def ended(self, workflow: str) -> bool:
        """A workflow ended; whether it failed by the loss of providers and by nothing else."""
        rounds = self._workflows.pop(workflow).came_back
        errors = {done.error for completions in rounds for done in completions} - {None}
        return errors == {PROVIDER_LOST}

    def told(
        self,
        hubs: Collection[str],
        chats: Mapping[str, OpenChat],
        workflows: Mapping[str, OpenWorkflow],
        number: int,
    ) -> HubsRecovery:
        """All that was open at some ``hubs`` before round ``number``, in order of arrival."""
        matching = {
            hub: ChatRecovery(
                [
                    ChatUnderWay(award, chats[name].request, chats[name].guessed_domain)
                    for name, award in self._chat.items()
                    if award.hub == hub
                ],
                [
                    ChatWaiting(chat.request, chat.guessed_domain, number - chat.arrival_round)
                    for name, chat in chats.items()
                    if chat.hub == hub and name not in self._chat and chat.arrival_round < number
                ],
            )
            for hub in hubs
            if hub != WORKFLOW_HUB
        }
        at_workflow_hub = self._of_workflows(workflows, number) if WORKFLOW_HUB in hubs else None
        return HubsRecovery(matching, at_workflow_hub)

    def _of_workflows(self, workflows: Mapping[str, OpenWorkflow], number: int) -> WorkflowRecovery:
        under_way = [WorkflowUnderWay(one.award, one.came_back) for one in self._workflows.values()]
        waiting = [
            WorkflowWaiting(one.request, number - one.arrival_round)
            for name, one in workflows.items()
            if name not in self._workflows and one.arrival_round < number
        ]
        return WorkflowRecovery(under_way, waiting)
