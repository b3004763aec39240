"""Clearing hubs through the loss of some: who lost its memory begins anew, and clears all the same.

Whether a hub lost it before it was asked or its process died while it cleared is one to the market:
it is told what is open, and asked with nothing learned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from hubs.host import HubsRound
from hubs.matching_hub import ChatReply
from hubs.recovery import HubsRecovery
from hubs.workflow_hub import WORKFLOW_HUB, WorkflowReply
from market.errors import ParticipantLost
from orchestrator.faults.events import FaultEvent
from orchestrator.faults.plan import hub_crash
from orchestrator.runtime import Runtime

#: A hub that is lost so often while it clears one round is lost by what it is asked.
MOST_LOSSES = 3


@dataclass(frozen=True)
class ClearedThrough:
    """The answers of all hubs, and which of them were lost."""

    chat: dict[str, ChatReply]
    workflow: WorkflowReply
    faults: list[FaultEvent]


def clear_through(
    runtime: Runtime,
    asked: HubsRound,
    lost: Mapping[str, str],
    told: Callable[[Collection[str]], HubsRecovery],
) -> ClearedThrough:
    """Clear all hubs, those that are ``lost`` and those that get lost anew.

    Args:
        runtime: where hubs live.
        asked: of all hubs.
        lost: the hubs that have lost their memory, and why.
        told: what hubs are told that begin anew.

    Raises:
        ParticipantLost: a hub cannot be renewed, or is lost again and again.
    """
    faults: list[FaultEvent] = []
    losses: Counter[str] = Counter()
    chat: dict[str, ChatReply] = {}
    workflow: WorkflowReply | None = None
    to_ask = asked
    while True:
        if lost:
            faults += [hub_crash(hub, cause) for hub, cause in lost.items()]
            runtime.renew_hubs(told(lost))
        cleared = runtime.clear_hubs(to_ask)
        chat |= cleared.reply.chat
        workflow = workflow or cleared.reply.workflow
        lost = cleared.lost
        if not lost:
            break
        losses.update(lost.keys())
        _check_again(losses, lost)
        to_ask = _questions(asked, lost)
    assert workflow is not None  # it was asked
    in_order: dict[str, ChatReply] = {hub: chat[hub] for hub in asked.chat}
    return ClearedThrough(in_order, workflow, faults)


def _check_again(losses: Counter[str], lost: Mapping[str, str]) -> None:
    for hub, how in lost.items():
        if losses[hub] == MOST_LOSSES:
            raise ParticipantLost(f"{hub} was lost {MOST_LOSSES} times as it cleared: {how}")


def _questions(asked: HubsRound, hubs: Collection[str]) -> HubsRound:
    chat = {hub: question for hub, question in asked.chat.items() if hub in hubs}
    return HubsRound(chat, asked.workflow if WORKFLOW_HUB in hubs else None)
