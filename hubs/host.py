"""A host of hubs: all of a market's, or those that share one process of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hubs.matching_hub import ChatReply, ChatRound, MatchingHub
from hubs.params import HubParams
from hubs.recovery import HubsRecovery
from hubs.workflow_hub import WORKFLOW_HUB, WorkflowHub, WorkflowReply, WorkflowRound
from market.frozen import freeze, thaw
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
        self._seats: HubSeats | None = None
        self._matching: dict[str, MatchingHub] = {}
        self._workflow: WorkflowHub | None = None

    def seat(self, seats: HubSeats) -> None:
        """Open the hubs of a trial that live here."""
        self._seats = seats
        self._matching = {hub: _matching_hub(seats, hub) for hub in seats.matching}
        self._workflow = None if seats.workflow is None else _workflow_hub(seats)

    def renew(self, recovery: HubsRecovery) -> None:
        """Open hubs that live here anew, with nothing but what they are told."""
        assert self._seats is not None  # seated
        for hub, told in recovery.chat.items():
            self._matching[hub] = _matching_hub(self._seats, hub)
            self._matching[hub].recover(told)
        if recovery.workflow is not None:
            self._workflow = _workflow_hub(self._seats)
            self._workflow.recover(recovery.workflow)

    def freeze(self) -> bytes:
        """The hubs that live here, as they are now."""
        return freeze((self._matching, self._workflow))

    def thaw(self, frozen: Sequence[bytes]) -> None:
        """Put those of the frozen hubs that live here in the places of those seated."""
        for piece in frozen:
            matching, workflow = thaw(piece)
            self._matching = {hub: matching.get(hub, one) for hub, one in self._matching.items()}
            if self._workflow is not None and workflow is not None:
                self._workflow = workflow

    def clear(self, round_: HubsRound) -> HubsReply:
        """Clear one hub after the other."""
        chat = {hub: self._matching[hub].clear(asked) for hub, asked in round_.chat.items()}
        workflow = None
        if self._workflow is not None and round_.workflow is not None:
            workflow = self._workflow.clear(round_.workflow)
        return HubsReply(chat, workflow)


def _matching_hub(seats: HubSeats, hub: str) -> MatchingHub:
    return MatchingHub(hub, seats.matching[hub], seats.domains, seats.params, seats.seed)


def _workflow_hub(seats: HubSeats) -> WorkflowHub:
    assert seats.workflow is not None  # it lives here
    return WorkflowHub(WORKFLOW_HUB, seats.workflow, seats.params.workflow)
