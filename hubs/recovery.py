"""What a hub that has lost its memory is told again, by whoever kept the contracts.

Amounts were fixed at the award, so contracts under way are kept; what the hub had learned, its
ledger and its predictors, is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hubs.workflow_award import WorkflowAward
from market.messages import ChatAward, ChatRequest, Completion, WorkflowRequest


class ChatUnderWay(NamedTuple):
    """A chat request that is being served, under the award of an earlier round."""

    award: ChatAward
    request: ChatRequest
    domain: str


class ChatWaiting(NamedTuple):
    """A chat request that waits, and how many clearings it has waited through."""

    request: ChatRequest
    domain: str
    clearings: int


@dataclass(frozen=True)
class ChatRecovery:
    """All that is open at a matching hub, each in the order in which the hub had it."""

    under_way: Sequence[ChatUnderWay] = ()
    waiting: Sequence[ChatWaiting] = ()


class WorkflowUnderWay(NamedTuple):
    """A workflow that was bought, and which of its nodes came back, round by round."""

    award: WorkflowAward
    came_back: Sequence[Sequence[Completion]]


class WorkflowWaiting(NamedTuple):
    """A workflow that waits, and how many clearings it has waited through."""

    request: WorkflowRequest
    clearings: int


@dataclass(frozen=True)
class WorkflowRecovery:
    """All that is open at the workflow hub, each in the order in which the hub had it."""

    under_way: Sequence[WorkflowUnderWay] = ()
    waiting: Sequence[WorkflowWaiting] = ()


@dataclass(frozen=True)
class HubsRecovery:
    """What hubs that begin anew are told; ``workflow`` is None where that hub is not among them."""

    chat: dict[str, ChatRecovery]
    workflow: WorkflowRecovery | None
