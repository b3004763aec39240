from __future__ import annotations

from collections.abc import Sequence

from agents.engine import Job
from agents.engine.chat_messages import Message
from agents.engine.token_ids import TokenIds
from market.prompt import Span

ORDINARY = [token for token in range(1000) if token % 10]


class Letters:
    """Every letter is a token; a chat is its messages, each between marks."""

    def __init__(self, trims: bool = False):
        self.trims = trims

    def encode(self, text: str) -> list[int]:
        return [ord(letter) for letter in text]

    def render(self, messages: Sequence[Message], ask: bool) -> str:
        texts = [message.text.strip() if self.trims else message.text for message in messages]
        said = "".join(
            f"<{message.role}|{text}>" for message, text in zip(messages, texts, strict=True)
        )
        return said + "<assistant|" if ask else said


def synthetic(*spans: Span) -> Job:
    return Job("r", "chat", spans, 20, 99, 0.0)


def spoken(*texts: str) -> Job:
    prompt = tuple(Span(place, 5) for place in range(len(texts)))
    return Job("r", "chat", prompt, 20, 99, 0.0, texts=dict(enumerate(texts)))


def token_ids(**changes: int) -> TokenIds:
    return TokenIds(ORDINARY, Letters(), **changes)


def test_a_content_has_the_same_tokens_everywhere_and_each_its_own() -> None:
    assert token_ids().prompt(synthetic(Span(1, 6))) == [803, 147, 422, 638, 128, 53]
    one = token_ids().prompt(synthetic(Span(1, 500), Span(2, 300)))
    assert one == token_ids().prompt(synthetic(Span(1, 500), Span(2, 300)))
    assert one[:300] != one[500:]
    assert len(one) == 800


def test_a_shorter_span_is_the_beginning_of_a_longer_one() -> None:
    ids = token_ids()
    longer = ids.prompt(synthetic(Span(7, 400)))
    for tokens in (1, 17, 399):
        assert ids.prompt(synthetic(Span(7, tokens))) == longer[:tokens]


def test_special_tokens_are_never_drawn() -> None:
    assert set(token_ids().prompt(synthetic(Span(3, 20_000)))) == set(ORDINARY)


def test_an_answer_is_repeated_in_the_tokens_that_were_generated() -> None:
    ids = token_ids()
    ids.remember(99, [11, 12, 13, 14])
    assert ids.prompt(synthetic(Span(1, 5), Span(99, 3)))[5:] == [11, 12, 13]
    filled = ids.prompt(synthetic(Span(99, 6)))
    assert filled[:4] == [11, 12, 13, 14]
    assert filled[4:] == token_ids().prompt(synthetic(Span(99, 6)))[4:]


def test_the_answers_of_longest_ago_are_forgotten_first() -> None:
    ids = token_ids(remembered_tokens=10)
    for answer in (1, 2):
        ids.remember(answer, [answer] * 5)
    ids.prompt(synthetic(Span(1, 5)))  # asked for, so the other is older
    ids.remember(3, [3] * 5)
    assert ids.prompt(synthetic(Span(1, 5), Span(3, 5))) == [1] * 5 + [3] * 5
    assert ids.prompt(synthetic(Span(2, 5))) != [2] * 5


def test_a_dialogue_grows_by_appending_to_what_was_asked_and_generated() -> None:
    ids = token_ids()
    first = ids.prompt(spoken("doc", "why?"))
    ids.remember(2, [5001, 5002])  # its own tokens for "so", which nobody would choose again
    second = ids.prompt(spoken("doc", "why?", "so", "how?"))
    assert second[: len(first) + 2] == [*first, 5001, 5002]
    assert second[len(first) + 2 :] == Letters().encode("><user|how?><assistant|")


def test_an_answer_from_elsewhere_is_told_in_words() -> None:
    asked = token_ids().prompt(spoken("why?", "so", "how?"))
    assert asked == Letters().encode("<user|why?><assistant|so><user|how?><assistant|")


def test_where_the_template_changes_an_answer_all_is_told_in_words() -> None:
    ids = TokenIds(ORDINARY, Letters(trims=True))
    ids.remember(1, [5001, 5002])
    asked = ids.prompt(spoken("why?", " so", "how?"))
    assert asked == Letters().encode("<user|why?><assistant|so><user|how?><assistant|")


def test_a_prompt_that_is_only_partly_in_words_is_made_of_tokens() -> None:
    half = Job("r", "chat", (Span(0, 5), Span(1, 5)), 20, 99, 0.0, texts={0: "doc"})
    assert token_ids().prompt(half) == token_ids().prompt(synthetic(Span(0, 5), Span(1, 5)))
