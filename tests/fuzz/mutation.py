"""Turning good documents and good files into hostile ones, by draws of a ``random.Random``.

Hypothesis hands its own generator in, so that a failing mutation is shrunk and shown.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

#: What stands where something else is expected.
HOSTILE: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**53 + 1,
    2**63,
    10**9,
    10**20,
    -(10**30),
    10**400,
    0.5,
    -0.0,
    5e-324,
    1e-300,
    1e308,
    -1e308,
    float("nan"),
    float("inf"),
    "",
    " ",
    "a",
    "1e3",
    "nan",
    "\x00",
    "line\nbreak",
    "\ud800",
    "\u202e",
    "x" * 5000,
    "../..",
    "/dev/null",
    [],
    [[]],
    [None],
    [0, 0],
    [1.0] * 50,
    {},
    {"kind": "a"},
    {"": {}},
)
#: So many levels does one change add: more than a scenario may have, less than its writer stands.
DEEPEST = 60

_Holder = dict[Any, Any] | list[Any]


def mutated(document: Any, random: Random, most: int = 3) -> Any:
    """A copy with one to ``most`` changes at random places."""
    copy = {"": deepcopy(document)}
    for _ in range(random.randint(1, most)):
        _change(copy, random)
    return copy.get("", copy)


def mangled(content: bytes, random: Random, most: int = 4) -> bytes:
    """The bytes of a file, cut, repeated, overwritten or lengthened in one to ``most`` places."""
    for _ in range(random.randint(1, most)):
        start = random.randint(0, len(content))
        end = min(len(content), start + random.choice((0, 1, 2, 8, 64)))
        there = content[start:end]
        new = random.choice((b"", there * 2, *_SNIPPETS, bytes([random.randint(0, 255)])))
        content = content[:start] + new + content[end:]
    return content


#: What a file may hold that its reader does not expect.
_SNIPPETS = (
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\r",
    b"\r\n",
    b"\n\n",
    b'"',
    b"'",
    b",",
    b":",
    b"-",
    b"[" * 1000,
    b"{",
    b"&a [*a]",
    b"<<: {",
    b"!!set {",
    b"NaN",
    b"1e999",
    b"9" * 5000,
    b'"\\ud800"',
    b"\xe2\x80\xa8",
)


def _change(document: dict[str, Any], random: Random) -> None:
    holder, key = _place(document, random)
    random.choice(_CHANGES)(holder, key, random)


def _place(document: _Holder, random: Random) -> tuple[_Holder, Any]:
    """A place in the document: where it is held, and under which key."""
    holder, key = document, next(iter(document))
    for _ in range(random.randint(0, 8)):
        below = holder[key]
        if not isinstance(below, dict | list) or not below:
            break
        keys = list(below) if isinstance(below, dict) else range(len(below))
        holder, key = below, random.choice(keys)
    return holder, key


def _swap(holder: _Holder, key: Any, random: Random) -> None:
    holder[key] = deepcopy(random.choice(HOSTILE))


def _delete(holder: _Holder, key: Any, random: Random) -> None:
    if len(holder) > 1:
        del holder[key]


def _rename(holder: _Holder, key: Any, random: Random) -> None:
    if isinstance(holder, dict) and key != "":
        holder[random.choice((f"{key}x", "kind", "count", "\x00", "a.b"))] = holder.pop(key)


def _repeat(holder: _Holder, key: Any, random: Random) -> None:
    if isinstance(holder, list):
        holder += [deepcopy(holder[key])] * random.choice((1, 3))


def _nest(holder: _Holder, key: Any, random: Random) -> None:
    for _ in range(random.choice((1, 5, DEEPEST))):
        holder[key] = [holder[key]] if random.random() < 0.5 else {"of": holder[key]}


def _scale(holder: _Holder, key: Any, random: Random) -> None:
    number = holder[key]
    if isinstance(number, int | float) and not isinstance(number, bool):
        factor = random.choice((-1, 0, 2, 10, 1000, 10**9, 1e-9, 1e300))
        try:
            holder[key] = number * factor
        except OverflowError:
            holder[key] = factor


_CHANGES: tuple[Callable[[_Holder, Any, Random], None], ...] = (
    _swap,
    _swap,
    _swap,
    _delete,
    _rename,
    _repeat,
    _nest,
    _scale,
)
