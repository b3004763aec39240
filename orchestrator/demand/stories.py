"""Dialogues from stories: a text, and the questions and answers about it.

A length in tokens is the number of characters over four, rounded up: a rule of thumb for English
that needs no tokenizer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from agents.params import Draw
from market import seeding
from orchestrator.demand.dialogue import Dialogue, TurnPlan, content
from orchestrator.demand.shape import DialogueShape, draw_task

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
) -> Iterator[Dialogue]:
    """The stories' dialogues in their order, one for each start, until either runs out."""
    for number, ((story, turns), start_s) in enumerate(zip(stories, starts, strict=False)):
        name = f"{source}-{number:06d}"
        rng = seeding.stream(seed, "dialogue", name)
        topic = _words(story)[:STORY_TERMS]
        yield Dialogue(
            dialogue=name,
            start_s=start_s,
            document=content("document", name, tokens_of(story)),
            task=draw_task(domains, shape.difficulty, rng),
            turns=tuple(_plan(turn, topic, shape.think_s, rng) for turn in turns),
        )


def _plan(turn: tuple[str, str], topic: list[str], think_s: Draw, rng: Any) -> TurnPlan:
    question, answer = turn
    return TurnPlan(
        question_tokens=tokens_of(question),
        answer_tokens=tokens_of(answer),
        think_s=think_s.draw_within(rng, 0.0, 1e6),
        terms=tuple(_words(question) + topic),
    )


def tokens_of(text: str) -> int:
    """Estimated length of a text in tokens, at least 1."""
    return max(1, math.ceil(len(text) / CHARACTERS_PER_TOKEN))


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]{4,}", text.lower())
