"""Dialogues from a file in HotpotQA's own shape: ``[].question/answer/context``.

Source: Yang et al., "HotpotQA: A Dataset for Diverse, Explainable Multi-hop Question Answering"
(EMNLP 2018).
"""

from __future__ import annotations

from pathlib import Path

from market.errors import BadInput
from market.fields import Fields, shown
from orchestrator.demand.stories import Story
from orchestrator.reading.json_text import parse_json
from orchestrator.reading.text_file import read_text


def read_hotpotqa(path: Path, limit: int | None = None) -> list[Story]:
    """The contexts of a file, each with its one (question, answer) turn; one for each entry.

    Raises:
        BadInput: names the file and the key of the first malformed entry.
    """
    text = read_text(path)
    try:
        entries = parse_json(text)
        if not isinstance(entries, list):
            raise BadInput("", f"expected a list of entries, got {shown(entries)}")
        if not entries[:limit]:
            raise BadInput("", "expected at least one dialogue, got none")
        return [
            _read_entry(Fields(entry, str(index))) for index, entry in enumerate(entries[:limit])
        ]
    except BadInput as error:
        raise error.inside(str(path)) from None


def _read_entry(entry: Fields) -> Story:
    turn = entry.text("question"), entry.text("answer")
    context, place = entry.sequence("context"), entry.place("context")
    if not context:
        raise BadInput(place, "expected at least one paragraph, got none")
    story = "\n".join(_paragraph(one, f"{place}.{index}") for index, one in enumerate(context))
    return story, [turn]


def _paragraph(paragraph: object, place: str) -> str:
    """The title on a line of its own, then the sentences, which bring their own spaces."""
    if not isinstance(paragraph, list) or len(paragraph) != 2:
        raise BadInput(place, f"expected [title, [sentences]], got {shown(paragraph)}")
    title, sentences = paragraph
    if not isinstance(title, str) or not title:
        raise BadInput(f"{place}.0", f"expected a text, got {shown(title)}")
    if not isinstance(sentences, list):
        raise BadInput(f"{place}.1", f"expected a list of sentences, got {shown(sentences)}")
    for index, sentence in enumerate(sentences):
        if not isinstance(sentence, str):  # the real files hold empty sentences
            raise BadInput(f"{place}.1.{index}", f"expected a sentence, got {shown(sentence)}")
    return f"{title}\n{''.join(sentences)}"
