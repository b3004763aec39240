from __future__ import annotations

import pytest

from market.errors import BadInput
from orchestrator.json_text import parse_json


def test_a_value_is_read() -> None:
    assert parse_json('{"a": [1, 2.5, null, "x"]}') == {"a": [1, 2.5, None, "x"]}


def test_a_pair_of_halves_is_a_character() -> None:
    assert parse_json(r'["\ud83d\ude00"]') == ["\U0001f600"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": 1,}', "line 1 column"),
        ('{"a": NaN}', "expected finite numbers, got NaN"),
        ('{"a": -Infinity}', "expected finite numbers, got -Infinity"),
        ('{"a": 1, "a": 2}', "duplicate key 'a'"),
        ("[" * 100_000, "nested too deeply"),
        ("1" * 10_000, "not JSON that can be read"),
        ("", "line 1 column 1"),
        (r'{"a": ["b\ud83d"]}', r"expected whole characters, got \ud83d, half of a pair"),
        (r'{"\uDE00": 1}', r"expected whole characters, got \ude00, half of a pair"),
    ],
    ids=range(9),
)
def test_what_is_not_strict_json_is_one_line(text: str, problem: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_json(text)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)
