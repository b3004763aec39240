"""What a trial remembers of requests under way, and what it tells the log of a round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.provider import ProviderReply
from hubs.matching_hub import ChatReply
from hubs.workflow_hub import WorkflowReply
from market.messages import ChatRequest, Completion, WorkflowRequest
from orchestrator.demand import Turn, WorkflowArrival
from orchestrator.faults.events import FaultEvent


@dataclass(frozen=True)
class OpenChat:
    """A chat request between its arrival and its end; ``retry_of`` is set in a second auction."""

    turn: Turn
    request: ChatRequest
    hub: str
    guessed_domain: str
    arrival_round: int
    retry_of: str | None = None


@dataclass(frozen=True)
class OpenWorkflow:
    """A workflow between its arrival and its end; the round in which it was bought, if it was.

    ``costs_usd_per_mtok`` are its winners' true costs in that round, of 1e6 output tokens;
    ``retry_of`` is set in a second auction.
    """

    arrival: WorkflowArrival
    request: WorkflowRequest
    arrival_round: int
    awarded_round: int | None = None
    costs_usd_per_mtok: Mapping[str, float] = field(default_factory=dict)
    retry_of: str | None = None


@dataclass(frozen=True)
class ChatEnd:
    """A chat request that was served, refused or failed; refused ones have no completion.

    ``reauctioned``: it failed, and is auctioned once more under another id.
    """

    open: OpenChat
    completion: Completion | None
    reauctioned: bool = False

    @property
    def status(self) -> str:
        """Served, refused, failed or reauctioned."""
        if self.reauctioned:
            return "reauctioned"
        if self.completion is None:
            return "refused"
        return "served" if self.completion.error is None else "failed"


@dataclass(frozen=True)
class RoundRecord:
    """Everything that happened in one round, for the log; ``chat`` is by hub.

    ``workflow_names`` are the graphs of the workflows that were bought, by request.
    ``inflight`` counts the chat requests being served at its end, ``faults`` are what befell
    participants, ``seconds`` the wall-clock time of its phases.
    """

    number: int
    time_s: float
    replies: Sequence[ProviderReply]
    completions: Sequence[Completion]
    arrived: Sequence[OpenChat]
    chat: Mapping[str, ChatReply]
    workflows: WorkflowReply
    chat_ends: Sequence[ChatEnd]
    workflow_names: Mapping[str, str]
    workflow_ends: Sequence[tuple[OpenWorkflow, str]]
    inflight: int
    faults: Sequence[FaultEvent]
    seconds: Mapping[str, float]
