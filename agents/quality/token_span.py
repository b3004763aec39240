"""Whether an answer contains a reference, word for word (IEMAS, App. C.2.5)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.quality.role import check_references

_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NUMERALS = {word: value for value, word in enumerate(_SMALL)}
_NUMERALS |= {word: value for value, word in zip(range(20, 100, 10), _TENS, strict=True)}

_WORD = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|[^\W\d_]+")


class TokenSpan:
    """1 where the words of a reference stand in the answer, in order and without a gap, else 0.

    Words are compared as ``normal_words`` has them. A reference without any is never found.
    """

    def score(self, answer: str, references: Sequence[str]) -> float:
        """1.0 if any of the references is found, 0.0 if none is."""
        check_references(references)
        words = normal_words(answer)
        return float(any(_contains(words, normal_words(one)) for one in references))


def normal_words(text: str) -> list[str]:
    """The words and numbers of a text in lower case, without punctuation.

    Number words up to ninety-nine are numerals, ``1,983`` is ``1983``.
    """
    words: list[str] = []
    tens = 0  # a multiple of ten, the word before, that a unit may still be added to
    for word in _WORD.findall(text.lower()):
        value = _NUMERALS.get(word)
        if tens and value and value < 10:
            words[-1] = str(tens + value)
        else:
            words.append(word.replace(",", "") if value is None else str(value))
        tens = value if value is not None and value >= 20 else 0
    return words


def _contains(words: Sequence[str], span: Sequence[str]) -> bool:
    size = len(span)
    starts = range(len(words) - size + 1) if size else ()
    return any(words[start : start + size] == span for start in starts)
