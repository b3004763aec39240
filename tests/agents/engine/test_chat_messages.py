from __future__ import annotations

import pytest

from agents.engine import Job
from agents.engine.chat_messages import chat_messages, in_words
from market.prompt import Span


def job(*contents: int, texts: dict[int, str] | None = None) -> Job:
    words = {content: f"text {content}" for content in contents} if texts is None else texts
    prompt = tuple(Span(content, 10) for content in contents)
    return Job("r", "chat", prompt, 20, 99, 0.0, texts=words)


@pytest.mark.parametrize(
    ("contents", "roles"),
    [
        ((1,), ["user"]),
        ((1, 2), ["system", "user"]),
        ((1, 2, 3), ["user", "assistant", "user"]),
        ((1, 2, 3, 4), ["system", "user", "assistant", "user"]),
        ((1, 2, 3, 4, 5), ["user", "assistant", "user", "assistant", "user"]),
    ],
)
def test_the_last_part_is_the_question_and_an_odd_one_out_the_document(
    contents: tuple[int, ...], roles: list[str]
) -> None:
    messages = chat_messages(job(*contents))
    assert [message.role for message in messages] == roles
    assert [message.text for message in messages] == [f"text {content}" for content in contents]
    assert [message.content for message in messages] == list(contents)


def test_a_job_is_in_words_where_every_part_has_a_text() -> None:
    assert in_words(job(1, 2))
    assert not in_words(job(1, 2, texts={}))
    assert not in_words(job(1, 2, texts={1: "a document without a question"}))
