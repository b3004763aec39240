"""By domain alone: each has hubs of its own, whoever is in them."""

from __future__ import annotations

from collections.abc import Sequence

from hubs.routing.rendezvous import chat_slots, rendezvous
from hubs.routing.role import Members


class ByDomain:
    """Hubs are dealt to domains, or with fewer hubs, domains to hubs: in turn, in their order.

    The hubs of one domain share its dialogues in proportion to their slots.
    """

    def __init__(self, members: Members, domains: Sequence[str]):
        slots = chat_slots(members)
        turns = max(1, min(len(slots), len(domains)))
        self._weights = {
            domain: {
                hub: slots[hub]
                for number, hub in enumerate(slots)
                if number % turns == place % turns
            }
            for place, domain in enumerate(domains)
        }

    def hub_of(self, dialogue: str, domain: str) -> str:
        """By weighted rendezvous hashing over the hubs of the domain."""
        return rendezvous(dialogue, self._weights[domain])
