"""Dialogues from a file in CoQA's shape: ``data[].story/questions/answers``.

A length in tokens is the number of characters over four, rounded up: a rule of thumb for English
that needs no tokenizer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agents.params import Draw
from market import seeding
from market.errors import BadInput
from market.fields import Fields
from orchestrator.demand.dialogue import Dialogue, TurnPlan
from orchestrator.demand.shape import DialogueShape, draw_task
from orchestrator.json_text import parse_json
from orchestrator.text_file import read_text

CHARACTERS_PER_TOKEN = 4
STORY_TERMS = 30


def read_dialogues(path: Path, limit: int | None = None) -> list[tuple[str, list[tuple[str, str]]]]:
    """The stories of a file, each with its (question, answer) turns.

    Raises:
        BadInput: names the file and the key of the first malformed entry.
    """
    text = read_text(path)
    try:
        entries = Fields(parse_json(text), "").records("data")[:limit]
        if not entries:
            raise BadInput("data", "expected at least one dialogue, got none")
        return [_read_entry(entry) for entry in entries]
    except BadInput as error:
        raise error.inside(str(path)) from None


def _read_entry(entry: Fields) -> tuple[str, list[tuple[str, str]]]:
    story = entry.text("story")
    questions, answers = entry.records("questions"), entry.records("answers")
    if len(questions) != len(answers) or not questions:
        raise BadInput(
            entry.place("answers"),
            f"expected one for each question, {len(questions)} and at least 1; got {len(answers)}",
        )
    turns = [
        (question.text("input_text"), answer.text("input_text"))
        for question, answer in zip(questions, answers, strict=True)
    ]
    return story, turns


def coqa_dialogues(
    stories: list[tuple[str, list[tuple[str, str]]]],
    shape: DialogueShape,
    domains: Mapping[str, float],
    starts: Iterator[float],
    seed: int,
    source: str,
) -> Iterator[Dialogue]:
    """The file's dialogues in its order, one for each start, until either runs out."""
    for number, ((story, turns), start_s) in enumerate(zip(stories, starts, strict=False)):
        name = f"{source}-{number:06d}"
        rng = seeding.stream(seed, "dialogue", name)
        topic = _words(story)[:STORY_TERMS]
        yield Dialogue(
            dialogue=name,
            start_s=start_s,
            document_tokens=tokens_of(story),
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
