"""By content and capacity: to the hubs whose providers specialise in the domain."""

from __future__ import annotations

from collections.abc import Sequence

from hubs.routing.rendezvous import chat_slots, rendezvous
from hubs.routing.role import Members


class ByContent:
    """Each hub gets dialogues in proportion to the slots of its specialists in their domain.

    A domain that nobody specialises in is shared by all hubs, in proportion to all their slots.
    """

    def __init__(self, members: Members, domains: Sequence[str]):
        self._weights = {domain: _specialist_slots(members, domain) for domain in domains}

    def hub_of(self, dialogue: str, domain: str) -> str:
        """By weighted rendezvous hashing of the dialogue's name."""
        return rendezvous(dialogue, self._weights[domain])


def _specialist_slots(members: Members, domain: str) -> dict[str, float]:
    slots = chat_slots(
        {hub: [one for one in those if domain in one.domains] for hub, those in members.items()}
    )
    return slots if any(slots.values()) else chat_slots(members)
