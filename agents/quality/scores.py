"""Scores on many queries as a parameter, short where it is written down."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer

from market.fields import DECIMAL, shown


def _as_numbers(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    texts = value.split()
    for text in texts:
        if not DECIMAL.fullmatch(text):
            raise ValueError(f"expected numbers from 0 to 1 with spaces between, got {shown(text)}")
    return [float(text) for text in texts]


def _as_text(scores: tuple[float, ...]) -> str:
    return " ".join(str(int(one)) if one.is_integer() else repr(one) for one in scores)


#: Numbers in [0, 1], a list or a text with spaces between; in JSON a text, each as exact as it was.
Scores = Annotated[
    tuple[Annotated[float, Field(ge=0, le=1)], ...],
    Field(min_length=1),
    BeforeValidator(_as_numbers),
    PlainSerializer(_as_text, when_used="json"),
]
