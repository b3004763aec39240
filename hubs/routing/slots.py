"""At random, whatever the content: in proportion to slots."""

from __future__ import annotations

from collections.abc import Sequence

from hubs.routing.rendezvous import chat_slots, rendezvous
from hubs.routing.role import Members


class BySlots:
    """Each hub gets dialogues in proportion to its slots; to this rule all ``domains`` are one."""

    def __init__(self, members: Members, domains: Sequence[str]):
        self._weights = chat_slots(members)

    def hub_of(self, dialogue: str, domain: str) -> str:
        """By weighted rendezvous hashing of the dialogue's name, which is as good as a draw."""
        return rendezvous(dialogue, self._weights)
