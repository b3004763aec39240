"""Stories from a file in CoQA's shape: ``data[].story/questions/answers``."""

from __future__ import annotations

from pathlib import Path

from market.errors import BadInput
from market.fields import Fields
from orchestrator.demand.stories import Story
from orchestrator.reading.json_text import parse_json
from orchestrator.reading.text_file import read_text


def read_coqa(path: Path, limit: int | None = None) -> list[Story]:
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


def _read_entry(entry: Fields) -> Story:
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
