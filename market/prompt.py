"""Prompts as spans.

A prompt is a tuple of spans, each a content id and a length in tokens: the first ``tokens``
tokens of that content. Token ids and text exist only inside real engines; prefixes, block hashes
and ledgers work on spans, so that a trace of a hundred million tokens costs little.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """The first ``tokens`` tokens of the content named ``content`` (64 bits)."""

    content: int
    tokens: int


Prompt = tuple[Span, ...]


def prompt_tokens(prompt: Iterable[Span]) -> int:
    """Length of a prompt in tokens."""
    return sum(span.tokens for span in prompt)


def common_prefix_tokens(first: Prompt, second: Prompt) -> int:
    """Length in tokens of the longest common prefix of two prompts (IEMAS, Eq. 4)."""
    length = 0
    for one, other in zip(first, second, strict=False):
        if one.content != other.content:
            break
        length += min(one.tokens, other.tokens)
        if one.tokens != other.tokens:
            break
    return length
