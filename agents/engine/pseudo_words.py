"""Words, and token ids, for contents that have no text.

The words of a content are drawn by its id, so that every machine spells the same content the same
way, and the first n words of a content stay the same however many are asked for. They are short
and common: with the space before it, each is one token in the vocabularies of today's models.
"""

from __future__ import annotations

from market import seeding
from market.prompt import Span

_COMMON = (
    "the of and to in for is on that by this with you it not or be are from at as your all have "
    "new more an was we will home can us about if page my has search free but our one other do "
    "no time they site he up may what which their news out use any there see only so his"
)
#: Sixty-four; two contents that differ do so within a few words.
WORDS = tuple(_COMMON.split())


def pseudo_words(span: Span) -> str:
    """The text of a span, a word for each of its tokens, each with a space before it."""
    draws = seeding.stream(0, "pseudo-words", span.content).integers(len(WORDS), size=span.tokens)
    return "".join(f" {WORDS[draw]}" for draw in draws)


def pseudo_tokens(span: Span, low: int, high: int) -> list[int]:
    """The token ids of a span, each in [low, high)."""
    draws = seeding.stream(0, "pseudo-tokens", span.content).integers(low, high, size=span.tokens)
    return [int(draw) for draw in draws]
