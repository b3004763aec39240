"""The built-in source of dialogues: synthetic, bursty, with heavy-tailed lengths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from market import seeding
from orchestrator.demand.dialogue import Dialogue, TurnPlan, content
from orchestrator.demand.shape import DialogueShape, draw_task, draw_terms, draw_tokens


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
        task = draw_task(domains, shape.difficulty, rng)
        turns = round(shape.turns.draw_within(rng, 1, 10_000))
        yield Dialogue(
            dialogue=name,
            start_s=start_s,
            document=content("document", name, draw_tokens(shape.document_tokens, rng)),
            task=task,
            turns=tuple(_draw_turn(shape, task.domain, rng) for _ in range(turns)),
        )


def _draw_turn(shape: DialogueShape, domain: str, rng: np.random.Generator) -> TurnPlan:
    return TurnPlan(
        question_tokens=draw_tokens(shape.question_tokens, rng),
        answer_tokens=draw_tokens(shape.answer_tokens, rng),
        think_s=shape.think_s.draw_within(rng, 0.0, 1e6),
        terms=draw_terms(shape.terms, shape.topical, domain, rng),
    )
