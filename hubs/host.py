"""A host of hubs: all of a market's, or those that share one process of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hubs.matching_hub import ChatReply, ChatRound, MatchingHub
from hubs.params import HubParams
from hubs.workflow_hub import WORKFLOW_HUB, WorkflowHub, WorkflowReply, WorkflowRound
from market.profiles import ProviderProfile


@dataclass(frozen=True)
class HubSeats:
    """The hubs that live in one host for a trial, and all they know before its first round.

    Attributes:
        matching: the members of each matching hub.
        workflow: the members of the workflow hub; None where it lives elsewhere.
        domains: every domain that the classifier can name.
        params: how hubs clear and predict.
        seed: of the hubs, from which nobody's private numbers can be drawn.
    """

    matching: Mapping[str, Sequence[ProviderProfile]]
    workflow: Sequence[ProviderProfile] | None
    domains: Sequence[str]
    params: HubParams
    seed: int


@dataclass(frozen=True)
class HubsRound:
    """What hubs get in one round; ``workflow`` is None where there is no workflow hub."""

    chat: Mapping[str, ChatRound]
    workflow: WorkflowRound | None


@dataclass(frozen=True)
class HubsReply:
    """The answers of hubs to one round, in the order of their questions."""

    chat: dict[str, ChatReply]
    workflow: WorkflowReply | None


class HubHost:
    """Holds hubs, trial after trial."""

    def __init__(self) -> None:
        self._matching: dict[str, MatchingHub] = {}
        self._workflow: WorkflowHub | None = None

    def seat(self, seats: HubSeats) -> None:
        """Open the hubs of a trial that live here."""
        self._matching = {
            hub: MatchingHub(hub, members, seats.domains, seats.params, seats.seed)
            for hub, members in seats.matching.items()
        }
        self._workflow = None
        if seats.workflow is not None:
            self._workflow = WorkflowHub(WORKFLOW_HUB, seats.workflow, seats.params.workflow)

    def clear(self, round_: HubsRound) -> HubsReply:
        """Clear one hub after the other."""
        chat = {hub: self._matching[hub].clear(asked) for hub, asked in round_.chat.items()}
        workflow = None
        if self._workflow is not None and round_.workflow is not None:
            workflow = self._workflow.clear(round_.workflow)
        return HubsReply(chat, workflow)
