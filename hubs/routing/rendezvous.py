"""Weighted rendezvous hashing (Thaler and Ravishankar, 1998; weights by Schindelhauer, 2005)."""

from __future__ import annotations

import math
from collections.abc import Mapping

from hubs.routing.role import Members
from market import seeding


def rendezvous(dialogue: str, weights: Mapping[str, float]) -> str:
    """The hub of a dialogue, each with a chance in proportion to its weight.

    A hub more takes dialogues only for itself. One without weight gets none while another has
    some. The answer depends on the names alone and is the same in every trial.
    """
    return max(weights, key=lambda hub: _score(dialogue, hub, weights[hub]))


def chat_slots(members: Members) -> dict[str, float]:
    """The chat slots of every hub."""
    return {hub: float(sum(one.chat_slots for one in those)) for hub, those in members.items()}


def _score(dialogue: str, hub: str, weight: float) -> float:
    if weight <= 0:
        return -math.inf
    draw = seeding.uniform(0, "rendezvous", dialogue, hub)
    return -weight / math.log(draw) if draw > 0 else 0.0
