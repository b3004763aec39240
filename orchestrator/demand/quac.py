"""Dialogues from a file in QuAC's own shape: ``data[].paragraphs[].context/qas``.

Source: Choi et al., "QuAC: Question Answering in Context" (EMNLP 2018).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from market.errors import BadInput
from market.fields import Fields
from orchestrator.demand.stories import Story
from orchestrator.reading.json_text import parse_json
from orchestrator.reading.text_file import read_text


def read_quac(path: Path, limit: int | None = None) -> list[Story]:
    """The contexts of a file, each with its (question, answer) turns; one for each paragraph.

    Raises:
        BadInput: names the file and the key of the first malformed entry.
    """
    text = read_text(path)
    try:
        articles = Fields(parse_json(text), "").records("data")
        stories = [_read_paragraph(one) for one in islice(_paragraphs(articles), limit)]
        if not stories:
            raise BadInput("data", "expected at least one dialogue, got none")
        return stories
    except BadInput as error:
        raise error.inside(str(path)) from None


def _paragraphs(articles: list[Fields]) -> Iterator[Fields]:
    for article in articles:
        yield from article.records("paragraphs")


def _read_paragraph(paragraph: Fields) -> Story:
    context, questions = paragraph.text("context"), paragraph.records("qas")
    if not questions:
        raise BadInput(paragraph.place("qas"), "expected at least one question, got none")
    return context, [(question.text("question"), _answer(question)) for question in questions]


def _answer(question: Fields) -> str:
    """The answer given in the dialogue or, where the file has none, the first reference."""
    if question.raw("orig_answer", None) is not None:
        return question.record("orig_answer").text("text")
    answers = question.records("answers")
    if not answers:
        raise BadInput(question.place("answers"), "expected at least one answer, got none")
    return answers[0].text("text")
