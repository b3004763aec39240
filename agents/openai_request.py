"""What a job is asked with in OpenAI's protocol: messages of a chat, or a prompt to complete."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agents.engine.chat_messages import chat_messages, in_words
from agents.engine.pseudo_words import pseudo_tokens, pseudo_words
from agents.engine.role import Job
from market.prompt import Span

#: The answers that are kept; of more, the ones that were longest not repeated are lost.
MOST_ANSWERS = 4096

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """An answer; ``token_ids`` is empty where the server does not tell them."""

    text: str
    token_ids: Sequence[int] = ()


class Answers:
    """What was answered, by content: a later prompt that repeats it repeats it word by word."""

    def __init__(self) -> None:
        self._said: OrderedDict[int, Said] = OrderedDict()

    def keep(self, content: int, said: Said) -> None:
        """Keep an answer."""
        self._said[content] = said
        self._said.move_to_end(content)
        if len(self._said) > MOST_ANSWERS:
            self._said.popitem(last=False)

    def of(self, content: int) -> Said | None:
        """The answer of that name, if it is known here."""
        if content in self._said:
            self._said.move_to_end(content)
        return self._said.get(content)


class Endpoint(Protocol):
    """One of the protocol's two ways to ask for text."""

    def body(self, job: Job, answers: Answers, token_ids: tuple[int, int] | None) -> Body:
        """The part of the request's body that says what is asked."""

    def create(self, client: Any) -> Any:
        """The client's method that asks."""

    def text(self, choice: Any) -> str | None:
        """The piece of text in a choice of a chunk."""


class Chat:
    """Messages, which the server puts into the model's own template."""

    def body(self, job: Job, answers: Answers, token_ids: tuple[int, int] | None) -> Body:
        """The conversation; what was answered here is the assistant's."""
        if in_words(job):
            said = [(message.role, message.text) for message in chat_messages(job)]
        else:
            said = _in_pseudo_words(job, answers)
        return {"messages": [{"role": role, "content": text} for role, text in said]}

    def create(self, client: Any) -> Any:
        """The client's method that asks."""
        return client.chat.completions.create

    def text(self, choice: Any) -> str | None:
        """The piece of text in a choice of a chunk; the first chunk has a role and none."""
        text: str | None = choice.delta.content
        return text


class Completions:
    """A prompt that the model goes on with, as text or as token ids, without any template."""

    def body(self, job: Job, answers: Answers, token_ids: tuple[int, int] | None) -> Body:
        """The prompt: paragraphs where it is in words, else token ids where they are wanted."""
        if in_words(job):
            return {"prompt": "\n\n".join(message.text for message in chat_messages(job))}
        if token_ids is None:
            return {"prompt": "".join(text for _, text in _in_pseudo_words(job, answers))}
        spans = [_tokens(span, answers.of(span.content), *token_ids) for span in job.prompt]
        return {"prompt": [token for tokens in spans for token in tokens]}

    def create(self, client: Any) -> Any:
        """The client's method that asks."""
        return client.completions.create

    def text(self, choice: Any) -> str | None:
        """The piece of text in a choice of a chunk."""
        text: str | None = choice.text
        return text


ENDPOINTS: dict[str, Endpoint] = {"chat": Chat(), "completions": Completions()}


def _tokens(span: Span, said: Said | None, low: int, high: int) -> Sequence[int]:
    if said is not None and len(said.token_ids) >= span.tokens:
        return said.token_ids[: span.tokens]
    return pseudo_tokens(span, low, high)


def _in_pseudo_words(job: Job, answers: Answers) -> list[tuple[str, str]]:
    """Roles and texts, neighbours of the same role joined; known answers as they were given.

    The last word is the user's, also where it repeats an answer, as a workflow's nodes do.
    """
    messages: list[tuple[str, str]] = []
    for span in job.prompt:
        said = answers.of(span.content)
        role, text = ("user", pseudo_words(span)) if said is None else ("assistant", said.text)
        if messages and messages[-1][0] == role:
            messages[-1] = role, messages[-1][1] + text
        else:
            messages.append((role, text))
    messages[-1] = "user", messages[-1][1]
    return messages
