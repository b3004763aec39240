"""Dialogues from stories: a text, and the questions and answers about it.

A length in tokens is the number of characters over four, rounded up: a rule of thumb for English
that needs no tokenizer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from market import seeding
from orchestrator.demand.dialogue import Dialogue, DialogueText, TurnPlan, TurnText, content
from orchestrator.demand.shape import DialogueShape, draw_query, draw_topic

#: A text, and the (question, answer) turns about it.
Story = tuple[str, list[tuple[str, str]]]

CHARACTERS_PER_TOKEN = 4
STORY_TERMS = 30


def story_dialogues(
    stories: list[Story],
    shape: DialogueShape,
    domains: Mapping[str, float],
    starts: Iterator[float],
    seed: int,
    source: str,
    evaluator: str,
    most_tokens: int,
) -> Iterator[Dialogue]:
    """The stories' dialogues in their order, one for each start, until either runs out.

    ``evaluator`` and ``most_tokens`` are those of ``DialogueText``.
    """
    for number, ((story, turns), start_s) in enumerate(zip(stories, starts, strict=False)):
        name = f"{source}-{number:06d}"
        rng = seeding.stream(seed, "dialogue", name)
        words = _words(story)[:STORY_TERMS]
        yield Dialogue(
            dialogue=name,
            start_s=start_s,
            document=content("document", name, tokens_of(story)),
            topic=draw_topic(domains, shape.difficulty, rng),
            turns=tuple(
                TurnPlan(
                    question_tokens=tokens_of(question),
                    answer_tokens=tokens_of(answer),
                    think_s=shape.think_s.draw_within(rng, 0.0, 1e6),
                    terms=tuple(_words(question) + words),
                    query=draw_query(seed, name, turn),
                    text=TurnText(question, answer),
                )
                for turn, (question, answer) in enumerate(turns, start=1)
            ),
            text=DialogueText(story, evaluator, most_tokens),
        )


def tokens_of(text: str) -> int:
    """Estimated length of a text in tokens, at least 1."""
    return max(1, math.ceil(len(text) / CHARACTERS_PER_TOKEN))


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]{4,}", text.lower())
