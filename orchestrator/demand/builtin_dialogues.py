"""The built-in source of dialogues: synthetic, bursty, with heavy-tailed lengths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from market import seeding
from orchestrator.demand.dialogue import Dialogue, TurnPlan, content
from orchestrator.demand.shape import (
    DialogueShape,
    draw_query,
    draw_terms,
    draw_tokens,
    draw_topic,
)


def builtin_dialogues(
    shape: DialogueShape,
    domains: Mapping[str, float],
    starts: Iterator[float],
    seed: int,
    source: str,
) -> Iterator[Dialogue]:
    """Dialogues in order of start; each one's draws depend on its number alone."""
    for number, start_s in enumerate(starts):
        name = f"{source}-{number:06d}"
        rng = seeding.stream(seed, "dialogue", name)
        topic = draw_topic(domains, shape.difficulty, rng)
        turns = round(shape.turns.draw_within(rng, 1, 10_000))
        yield Dialogue(
            dialogue=name,
            start_s=start_s,
            document=content("document", name, draw_tokens(shape.document_tokens, rng)),
            topic=topic,
            turns=tuple(
                _draw_turn(shape, topic.domain, draw_query(seed, name, turn), rng)
                for turn in range(1, turns + 1)
            ),
        )


def _draw_turn(
    shape: DialogueShape, domain: str, query: float, rng: np.random.Generator
) -> TurnPlan:
    return TurnPlan(
        question_tokens=draw_tokens(shape.question_tokens, rng),
        answer_tokens=draw_tokens(shape.answer_tokens, rng),
        think_s=shape.think_s.draw_within(rng, 0.0, 1e6),
        terms=draw_terms(shape.terms, shape.topical, domain, rng),
        query=query,
    )
