"""Prompts as token ids, which only real engines need.

A content without a text gets pseudo-random ordinary tokens, named by its id alone, so that equal
spans are equal tokens on every machine. An answer gets the tokens that were really generated for
it, so that a later prompt that repeats it finds them in the cache.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from agents.engine.chat_messages import Message, chat_messages, in_words
from agents.engine.role import Job
from market import seeding
from market.prompt import Span

#: How many tokens of answers are remembered; the answers of longest ago are forgotten first.
REMEMBERED_TOKENS = 2_000_000


class Words(Protocol):
    """What turns text into tokens: a model's tokenizer and its chat template."""

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, none added."""

    def render(self, messages: Sequence[Message], ask: bool) -> str:
        """A chat as text; with ``ask`` up to where the answer begins."""


class TokenIds:
    """The token ids of one engine's prompts.

    Args:
        ordinary: the ids that content without text is made of: no special ones.
        words: for prompts in words.
        remembered_tokens: bound on the answers that are remembered.
    """

    def __init__(
        self, ordinary: Sequence[int], words: Words, remembered_tokens: int = REMEMBERED_TOKENS
    ):
        self._ordinary = np.asarray(ordinary, dtype=np.int64)
        self._words = words
        self._bound = remembered_tokens
        self._answers: OrderedDict[int, list[int]] = OrderedDict()
        self._held = 0

    def prompt(self, job: Job) -> list[int]:
        """The tokens of a job's prompt."""
        if in_words(job):
            return self._chat(chat_messages(job))
        return [token for span in job.prompt for token in self._span(span)]

    def remember(self, answer: int, tokens: Sequence[int]) -> None:
        """What was generated under the name ``answer``."""
        self._held -= len(self._answers.pop(answer, ()))
        self._answers[answer] = list(tokens)
        self._held += len(tokens)
        while self._held > self._bound:
            _, forgotten = self._answers.popitem(last=False)
            self._held -= len(forgotten)

    def _span(self, span: Span) -> list[int]:
        known = self._answer(span.content)[: span.tokens]
        if len(known) == span.tokens:
            return known
        draws = seeding.stream(0, "tokens", span.content).random(span.tokens)
        drawn = self._ordinary[(draws * len(self._ordinary)).astype(np.int64)]
        rest: list[int] = drawn[len(known) :].tolist()
        return known + rest

    def _answer(self, content: int) -> list[int]:
        if content in self._answers:
            self._answers.move_to_end(content)
        return self._answers.get(content, [])

    def _chat(self, messages: Sequence[Message]) -> list[int]:
        """Piece by piece, every answer in the tokens that were generated.

        Where the template does not leave what was said as it was, the whole is tokenised anew, and
        the cache helps as far as the tokens happen to agree.
        """
        said, tokens = "", list[int]()
        for place, message in enumerate(messages):
            if message.role != "assistant":
                continue
            asked = self._words.render(messages[:place], ask=True)
            if not asked.startswith(said):
                return self._anew(messages)
            tokens += self._words.encode(asked[len(said) :])
            tokens += self._answer(message.content) or self._words.encode(message.text)
            said = asked + message.text
        whole = self._words.render(messages, ask=True)
        if not whole.startswith(said):
            return self._anew(messages)
        return tokens + self._words.encode(whole[len(said) :])

    def _anew(self, messages: Sequence[Message]) -> list[int]:
        return self._words.encode(self._words.render(messages, ask=True))
