"""What dialogues look like, and the draws that every source of them shares."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from agents.params import Distribution, Draw, Params
from market import seeding
from orchestrator.demand.dialogue import Topic


class DialogueShape(Params):
    """What synthetic dialogues look like; lengths are at least one token each.

    The words of questions are Zipf-distributed over vocabularies.
    """

    turns: Draw = Distribution(choice=(1, 2, 3, 4, 6, 8))
    """Turns of a dialogue."""
    document_tokens: Draw = Distribution(lognormal=(600.0, 0.9))
    """Tokens of the text that a dialogue begins with."""
    question_tokens: Draw = Distribution(lognormal=(30.0, 0.7))
    """Tokens of a question."""
    answer_tokens: Draw = Distribution(lognormal=(120.0, 0.9))
    """Tokens of an answer."""
    think_s: Draw = Distribution(lognormal=(2.0, 0.8))
    """Seconds between an answer and the next question."""
    difficulty: Draw = Distribution(uniform=(0.1, 0.9))
    """How hard a dialogue is, from 0 to 1; skills hold at 0.5."""
    terms: int = Field(8, ge=1, le=1000)
    """Words of content in a question, which routing goes by."""
    topical: float = Field(0.5, ge=0, le=1)
    """The share of them from a vocabulary of the domain; the others are from one that all share."""


def draw_topic(domains: Mapping[str, float], difficulty: Draw, rng: np.random.Generator) -> Topic:
    """The topic of a dialogue, its domain drawn by weight."""
    weights = np.array(list(domains.values()))
    domain = list(domains)[int(rng.choice(len(weights), p=weights / weights.sum()))]
    return Topic(domain, difficulty.draw_within(rng, 0.0, 1.0))


def draw_query(seed: int, dialogue: str, turn: int) -> float:
    """A turn's place among all queries of its domain, in [0, 1)."""
    return seeding.uniform(seed, "query", dialogue, turn)


def draw_tokens(length: Draw, rng: np.random.Generator) -> int:
    """A length in tokens, at least 1."""
    return round(length.draw_within(rng, 1.0, 1e6))


def draw_terms(
    count: int, topical: float, domain: str, rng: np.random.Generator
) -> tuple[str, ...]:
    """Words of content from the synthetic vocabularies of ``domain`` and of everybody."""
    ranks = rng.zipf(1.5, count) % 1000
    owners = np.where(rng.random(count) < topical, domain, "common")
    return tuple(f"{owner}-{rank}" for owner, rank in zip(owners, ranks, strict=True))
