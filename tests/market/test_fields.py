import math
from types import MappingProxyType

import numpy as np
import pytest

from market.errors import BadInput
from market.fields import DECIMAL, Fields, check_number, check_unique, shown

RECORD = {"text": "x", "number": 2.5, "whole": 3, "flag": False, "list": [{"a": 1}], "none": None}


def message(read, *arguments, **options) -> str:
    with pytest.raises(BadInput) as error:
        read(*arguments, **options)
    return str(error.value)


def test_every_kind_of_value_is_read():
    fields = Fields(MappingProxyType(RECORD), "here")
    assert fields.text("text") == "x"
    assert fields.number("number") == 2.5
    assert fields.integer("whole", low=0) == 3
    assert fields.flag("flag", default=True) is False
    assert fields.choice("text", ("w", "x")) == "x"
    assert fields.sequence("list") == [{"a": 1}]
    assert [item.integer("a", low=0) for item in fields.records("list")] == [1]
    assert fields.raw("none") is None
    fields.done()


def test_what_is_absent_has_its_default_or_is_missing():
    fields = Fields({}, "")
    assert fields.number("n", default=4) == 4.0
    assert fields.integer("n", low=0, default=4) == 4
    assert fields.flag("f", default=True) is True
    assert fields.choice("c", ("a", "b"), default="b") == "b"
    assert fields.records("r", []) == []
    assert fields.record("o", {}).where == "o"
    for read in (fields.number, fields.text, fields.sequence, fields.record, fields.raw):
        assert message(read, "key") == "key: missing"


def test_a_null_is_not_absent():
    assert message(Fields({"n": None}, "").number, "n", default=1.0).endswith("got None")


def test_places_are_dotted_paths_from_the_outside_in():
    fields = Fields({"a": {"b": [{}, {"c": "x"}]}}, "top")
    entry = fields.record("a").records("b")[1]
    assert message(entry.number, "c") == "top.a.b.1.c: expected a finite number, got 'x'"
    assert Fields({}, "").place("a") == "a"


def test_a_key_that_nobody_asked_for_is_unknown():
    fields = Fields({"b": 1, "a": 2, "typo": 3}, "place")
    fields.number("b")
    fields.number("a")
    assert message(fields.done) == "place.typo: unknown key; known here: a, b"


@pytest.mark.parametrize("value", [[], "text", 3, None])
def test_only_a_mapping_is_a_record(value):
    assert message(Fields, value, "w") == f"w: expected an object with named keys, got {value!r}"


@pytest.mark.parametrize("value", ["", 3, None, ["x"]])
def test_a_text_is_a_string_that_is_not_empty(value):
    assert message(Fields({"k": value}, "").text, "k") == f"k: expected a text, got {value!r}"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "1", None, True, [1], 1j])
def test_a_number_is_real_and_finite(value):
    expected = f"k: expected a finite number, got {value!r}"
    assert message(Fields({"k": value}, "").number, "k") == expected


@pytest.mark.parametrize("value", [3, 2.5, np.float64(2.5), np.int64(3), np.float32(0.5)])
def test_numbers_of_numpy_are_numbers(value):
    read = Fields({"k": value}, "").number("k")
    assert read == value
    assert type(read) is float


def test_the_bounds_are_named_and_belong_to_what_is_allowed():
    check_number("k", 1, low=1, high=2)
    check_number("k", 2, low=1, high=2)
    between = "k: expected a finite number >= 1 and <= 2, got 2.5"
    assert message(check_number, "k", 2.5, low=1, high=2) == between
    above = "k: expected a finite number >= 1, got 0"
    assert message(check_number, "k", 0, low=1, high=math.inf) == above
    below = "k: expected a finite number <= 2, got 3"
    assert message(check_number, "k", 3, low=-math.inf, high=2) == below


def test_a_whole_number_may_be_written_as_a_float():
    read = Fields({"k": 3.0}, "").integer("k", low=0)
    assert read == 3
    assert type(read) is int
    half = Fields({"k": 3.5}, "")
    assert message(half.integer, "k", low=0) == "k: expected a whole number, got 3.5"


@pytest.mark.parametrize("value", [0, 1, "true", None])
def test_a_flag_is_true_or_false(value):
    expected = f"k: expected true or false, got {value!r}"
    assert message(Fields({"k": value}, "").flag, "k", default=True) == expected


@pytest.mark.parametrize("value", ["c", None, ["a"], 1])
def test_a_choice_lists_its_names(value):
    expected = f"k: expected one of a, b; got {value!r}"
    assert message(Fields({"k": value}, "").choice, "k", ("a", "b")) == expected


@pytest.mark.parametrize("value", ["abc", b"abc", {"a": 1}, 3, None])
def test_a_list_is_neither_a_text_nor_a_record(value):
    assert message(Fields({"k": value}, "").sequence, "k") == f"k: expected a list, got {value!r}"


def test_a_long_value_is_shortened():
    shown = message(Fields({"k": "x" * 500}, "").number, "k")
    assert shown == f"k: expected a finite number, got '{'x' * 56}..."


def test_an_id_stands_once():
    check_unique("nodes", ["a", "b"])
    expected = "nodes.2.id: duplicate id 'a', first used at nodes.0"
    assert message(check_unique, "nodes", ["a", "b", "a"]) == expected


def test_ids_and_keys_in_a_message_are_short():
    long = "x" * 500_000
    cut = f"'{'x' * 56}..."
    assert message(check_unique, "nodes", [long, long]) == (
        f"nodes.1.id: duplicate id {cut}, first used at nodes.0"
    )
    assert message(Fields({long: 1}, "w").done) == f"w.{cut}: unknown key; known here: "
    assert message(Fields({"a\nb": 1}, "w").done) == r"w.'a\nb': unknown key; known here: "
    assert message(Fields({3: 1}, "w").done) == "w.3: unknown key; known here: "


def test_a_number_that_python_does_not_write_can_be_shown():
    assert shown(16**5000) == "a number of too many digits"


@pytest.mark.parametrize("text", ["0", "1.", ".5", "-0.25", "+7", "1e-3", "2.5E+06", "007"])
def test_decimal_numbers_are_decimal_numbers(text):
    assert DECIMAL.fullmatch(text)


@pytest.mark.parametrize(
    "text", ["", ".", "e3", "0_1", "\u0660.\u0662", "1e", "nan", "inf", "0x1", " 1", "1\n"]
)
def test_nothing_else_is_a_decimal_number(text):
    assert not DECIMAL.fullmatch(text)
