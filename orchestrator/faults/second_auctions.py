"""Auctioning once more what a provider was lost with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from hubs.second_auction import second_id
from market.messages import Completion
from orchestrator.faults.events import PROVIDER_LOST
from orchestrator.records import OpenChat, OpenWorkflow
from orchestrator.scenario.model import Scenario


class SecondAuctions:
    """Which requests are auctioned again; each is once, and only if it ends in time.

    Args:
        scenario: whether any are, and how patient they would be.
    """

    def __init__(self, scenario: Scenario):
        hubs = scenario.hubs
        self._patience = {
            OpenChat: hubs.patience_rounds,
            OpenWorkflow: hubs.workflow.patience_rounds,
        }
        self._reauctions = scenario.faults.reauctions
        self._last = scenario.rounds + scenario.drain_rounds

    def may_enter(self, opened: OpenChat | OpenWorkflow, number: int) -> bool:
        """Whether a request may enter a market again in round ``number``.

        Whoever enters later than its patience before the very last round might never end.
        """
        in_time = number + self._patience[type(opened)] <= self._last
        return self._reauctions and in_time and opened.retry_of is None

    def of_chats(
        self, lost: Sequence[Completion], chats: dict[str, OpenChat], number: int
    ) -> list[OpenChat]:
        """The same requests once more, those that may enter in round ``number``, in order."""
        found = [chats[done.request] for done in lost if done.error == PROVIDER_LOST]
        found.sort(key=lambda chat: (chat.request.arrival_s, chat.request.request))
        return [_chat_again(chat, number) for chat in found if self.may_enter(chat, number)]


def _chat_again(chat: OpenChat, number: int) -> OpenChat:
    name = chat.request.request
    request = replace(chat.request, request=second_id(name))
    return replace(chat, request=request, arrival_round=number, retry_of=name)


def workflow_again(opened: OpenWorkflow, number: int) -> OpenWorkflow:
    """The same workflow once more, in round ``number``."""
    name = opened.request.request
    request = replace(opened.request, request=second_id(name))
    return OpenWorkflow(opened.arrival, request, number, retry_of=name)


def reauctioned(again: Collection[OpenChat]) -> set[str]:
    """The ids of the first auctions of those that are auctioned ``again``."""
    return {chat.retry_of for chat in again if chat.retry_of is not None}
