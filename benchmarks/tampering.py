"""Altering one thing in a table of a log: a cell by as little as can be, or a row."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

Row = dict[str, Any]


@dataclass(frozen=True)
class Tampering:
    """What was altered and how; ``column`` is empty where it is a whole row.

    ``places`` are those of the rows, counted from 0, that differ from what they were.
    """

    table: str
    column: str
    how: str
    places: tuple[int, ...]


def tampered(
    table: str, rows: pa.Table, rng: np.random.Generator, column: str | None = None
) -> tuple[pa.Table, Tampering]:
    """A table with one thing in it altered.

    Args:
        table: its name.
        rows: its rows, at least one.
        rng: decides what, and how.
        column: the column whose cell is altered; None for any, or a row.
    """
    listed: list[Row] = rows.to_pylist()
    if column is None and rng.random() < 0.2:
        how = (_drop, _repeat, _swap)[int(rng.integers(3))]
        what = Tampering(table, "", how.__name__.strip("_"), how(listed, rng))
    else:
        column = column or str(rng.choice(rows.column_names))
        place = int(rng.integers(len(listed)))
        row = listed[place]
        row[column], said = altered(row[column], rows.schema.field(column), rng)
        what = Tampering(table, column, said, (place,))
    return pa.Table.from_pylist(listed, rows.schema), what


def altered(value: Any, field: pa.Field, rng: np.random.Generator) -> tuple[Any, str]:
    """Another value of a field, as near as can be, and how it was found."""
    if value is None or (field.nullable and rng.random() < 0.3):
        return (_some(field.type), "set") if value is None else (None, "unset")
    if pa.types.is_list(field.type):
        return _altered_list(value, field.type, rng)
    if isinstance(value, bool):
        return not value, "flipped"
    if isinstance(value, int):
        return value + int(rng.choice([-1, 1])), "by 1"
    if isinstance(value, float):
        if value and rng.random() < 0.3:
            return -value, "by its sign"
        return math.nextafter(value, float(rng.choice([-math.inf, math.inf]))), "by an ulp"
    place = int(rng.integers(len(value) + 1))
    other = "y" if value[place : place + 1] == "x" else "x"
    return value[:place] + other + value[place + 1 :], "by a character"


def _altered_list(value: list[Any], kind: pa.ListType, rng: np.random.Generator) -> tuple[Any, str]:
    if not value or rng.random() < 0.2:
        return [*value, _some(kind.value_type)], "an element more"
    place = int(rng.integers(len(value)))
    if rng.random() < 0.2:
        return value[:place] + value[place + 1 :], "an element less"
    element, how = altered(value[place], kind.value_field.with_nullable(False), rng)
    return [*value[:place], element, *value[place + 1 :]], f"an element {how}"


def _some(kind: pa.DataType) -> Any:
    """A value of a type."""
    if pa.types.is_list(kind):
        return []
    if pa.types.is_string(kind):
        return "x"
    return False if pa.types.is_boolean(kind) else (0.5 if pa.types.is_floating(kind) else 7)


def _drop(rows: list[Row], rng: np.random.Generator) -> tuple[int, ...]:
    place = int(rng.integers(len(rows)))
    del rows[place]
    return (place,)


def _repeat(rows: list[Row], rng: np.random.Generator) -> tuple[int, ...]:
    place = int(rng.integers(len(rows)))
    rows.insert(place, dict(rows[place]))
    return place, place + 1


def _swap(rows: list[Row], rng: np.random.Generator) -> tuple[int, ...]:
    """Two rows that differ change places; of a table of equal rows one is dropped."""
    first = int(rng.integers(len(rows)))
    others = [place for place, row in enumerate(rows) if row != rows[first]]
    if not others:
        return _drop(rows, rng)
    second = int(rng.choice(others))
    rows[first], rows[second] = rows[second], rows[first]
    return first, second
