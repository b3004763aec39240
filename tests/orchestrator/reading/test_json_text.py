from __future__ import annotations

import pytest

from market.errors import BadInput
from orchestrator.reading.json_text import parse_json


def test_a_value_is_read() -> None:
    assert parse_json('{"a": [1, 2.5, null, "x"]}') == {"a": [1, 2.5, None, "x"]}


def test_a_pair_of_halves_is_a_character() -> None:
    assert parse_json(r'["\ud83d\ude00"]') == ["\U0001f600"]
    assert parse_json(r'["\\ud83d"]') == [r"\ud83d"]


def test_the_place_is_that_of_the_first_half_that_stands_alone() -> None:
    text = (
        '["\\ud83d\\ude00 \\\\ud83d",\n"\\ud83d\\ude00",\n "a\\uD83D\\ud83d\\ude00",\n "\\ude00"]'
    )
    with pytest.raises(BadInput) as caught:
        parse_json(text)
    expected = r"line 3 column 4: expected whole characters, got \ud83d, half of a pair"
    assert str(caught.value) == expected


def test_a_long_key_that_stands_twice_is_shortened() -> None:
    key = "k" * 500_000
    with pytest.raises(BadInput) as caught:
        parse_json(f'{{"a": 1, "{key}": 1, "{key}": 2}}')
    assert str(caught.value) == f"duplicate key '{'k' * 56}..."


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
        (
            r'{"a": ["b\ud83d"]}',
            r"line 1 column 10: expected whole characters, got \ud83d, half of a pair",
        ),
        (
            r'{"\uDE00": 1}',
            r"line 1 column 3: expected whole characters, got \ude00, half of a pair",
        ),
    ],
    ids=range(9),
)
def test_what_is_not_strict_json_is_one_line(text: str, problem: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_json(text)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)
