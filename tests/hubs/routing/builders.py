"""Hubs of specialists, and requests with the words of their domain."""

from __future__ import annotations

import numpy as np

from hubs.routing.role import Rule
from market.messages import ChatRequest, Signal
from orchestrator.demand.shape import draw_terms
from tests.hubs.builders import provider, request

DOMAINS = ("code", "law", "writing")
HUBS = {
    "coders": [provider("a", domains=("code",), chat_slots=4)],
    "lawyers": [
        provider("b", domains=("law",), chat_slots=1),
        provider("c", domains=("law", "code"), chat_slots=3),
    ],
    "idle": [provider("d", domains=("code", "law"), chat_slots=0)],
}
DIALOGUES = [f"d0-{number:06d}" for number in range(3000)]


def about(domain: str, seed: int, dialogue: str = "d-1", topical: float = 0.5) -> ChatRequest:
    """A request with the words of its domain, as the built-in demand draws them."""
    terms = draw_terms(8, topical, domain, np.random.default_rng(seed))
    return request(f"{dialogue}.1", terms=terms)


def shares(rule: Rule, domain: str) -> dict[str, float]:
    """How many dialogues of a domain each hub gets; those without any are left out."""
    routed = [rule.hub_of(name, domain) for name in DIALOGUES]
    return {hub: routed.count(hub) / len(routed) for hub in set(routed)}


def signal(hub: str, free: int, *prices: int) -> Signal:
    """What a hub publishes."""
    return Signal(
        hub=hub,
        scarcity_prices_nano=prices or (0,),
        largest_prices_nano=prices or (0,),
        free_slots=free,
        cached_dialogues=0,
        cached_tokens=0,
    )
