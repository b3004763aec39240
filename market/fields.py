"""Reading a JSON-like record strictly.

A ``Fields`` wraps one mapping and knows where it stands, so that every complaint names the key,
the value and what was expected. ``done`` rejects whatever key was not asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from numbers import Real
from typing import Any

from market.errors import BadInput

#: A decimal number as a text; Python's own reading is more lenient.
DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
MOST_SHOWN = 60
#: Of a text so much is looked at, in which there may be many blanks.
MOST_REPEATED = 1000

_REQUIRED = object()


class Fields:
    """One record of an input, read key by key."""

    def __init__(self, record: object, where: str):
        if not isinstance(record, Mapping):
            raise BadInput(where, f"expected an object with named keys, got {shown(record)}")
        self.where = where
        self._record = record
        self._seen: set[str] = set()

    def place(self, key: str) -> str:
        """Where ``key`` stands, as a dotted path."""
        return f"{self.where}.{key}" if self.where else key

    def raw(self, key: str, default: Any = _REQUIRED) -> Any:
        """The value of ``key`` as it stands."""
        self._seen.add(key)
        if key in self._record:
            return self._record[key]
        if default is _REQUIRED:
            raise BadInput(self.place(key), "missing")
        return default

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self.raw(key)
        if not isinstance(value, str) or not value:
            raise BadInput(self.place(key), f"expected a text, got {shown(value)}")
        return value

    def number(
        self, key: str, *, low: float = -math.inf, high: float = math.inf, default: Any = _REQUIRED
    ) -> float:
        """A finite number in [low, high]."""
        value = self.raw(key, default)
        check_number(self.place(key), value, low=low, high=high)
        return float(value)

    def integer(self, key: str, *, low: int, high: int = 2**53, default: Any = _REQUIRED) -> int:
        """A whole number in [low, high]."""
        value = self.raw(key, default)
        check_number(self.place(key), value, low=low, high=high)
        if value != int(value):
            raise BadInput(self.place(key), f"expected a whole number, got {shown(value)}")
        return int(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self.raw(key, default)
        if not isinstance(value, bool):
            raise BadInput(self.place(key), f"expected true or false, got {shown(value)}")
        return value

    def choice(self, key: str, names: Sequence[str], *, default: Any = _REQUIRED) -> str:
        """One of ``names``."""
        value = self.raw(key, default)
        if not isinstance(value, str) or value not in names:
            expected = ", ".join(names)
            raise BadInput(self.place(key), f"expected one of {expected}; got {shown(value)}")
        return value

    def record(self, key: str, default: Any = _REQUIRED) -> Fields:
        """A record inside this one."""
        return Fields(self.raw(key, default), self.place(key))

    def records(self, key: str, default: Any = _REQUIRED) -> list[Fields]:
        """A list of records inside this one."""
        return [
            Fields(item, f"{self.place(key)}.{index}")
            for index, item in enumerate(self.sequence(key, default))
        ]

    def sequence(self, key: str, default: Any = _REQUIRED) -> Sequence[Any]:
        """A list."""
        value = self.raw(key, default)
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Sequence):
            raise BadInput(self.place(key), f"expected a list, got {shown(value)}")
        return value

    def done(self) -> None:
        """Every key has been read: what is left is unknown."""
        for key in self._record:
            if key not in self._seen:
                known = ", ".join(sorted(self._seen))
                raise BadInput(self.place(shown_key(key)), f"unknown key; known here: {known}")


def check_number(where: str, value: object, *, low: float, high: float) -> None:
    """Raise ``BadInput`` unless ``value`` is a finite number in [low, high]."""
    if isinstance(value, Real) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number) and low <= number <= high:
            return
    expected = "a finite number"
    if low > -math.inf:
        expected += f" >= {low:g}"
    if high < math.inf:
        expected += f" and <= {high:g}" if low > -math.inf else f" <= {high:g}"
    raise BadInput(where, f"expected {expected}, got {shown(value)}")


def check_unique(where: str, ids: Sequence[str]) -> None:
    """Raise ``BadInput`` if an id stands twice."""
    first: dict[str, int] = {}
    for index, name in enumerate(ids):
        if name in first:
            problem = f"duplicate id {shown(name)}, first used at {where}.{first[name]}"
            raise BadInput(f"{where}.{index}.id", problem)
        first[name] = index


def shown(value: object) -> str:
    """A value in a message: on one line, and short, however large or deep it is."""
    text = ""
    for piece in _pieces(value):
        text += piece
        if len(" ".join(text.split())) > MOST_SHOWN:
            break
    text = " ".join(text.split())
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."


def _pieces(value: object) -> Iterator[str]:
    """What ``repr`` writes, piece by piece; of a long text the beginning."""
    if type(value) is dict:
        yield "{"
        for index, (key, item) in enumerate(value.items()):
            yield ", " if index else ""
            yield from _pieces(key)
            yield ": "
            yield from _pieces(item)
        yield "}"
    elif type(value) is list:
        yield "["
        for index, item in enumerate(value):
            yield ", " if index else ""
            yield from _pieces(item)
        yield "]"
    elif isinstance(value, str | bytes):
        yield repr(value[:MOST_REPEATED])
    else:
        try:
            yield repr(value)
        except ValueError:  # Python writes no whole number of more than some thousand digits
            yield "a number of too many digits"


def shown_key(key: object) -> str:
    """A key in the place of a message: as it stands, unless it is long or not printable."""
    plain = isinstance(key, str) and key.isprintable() and len(key) <= MOST_SHOWN
    return str(key) if plain else shown(key)
