"""Reading JSON strictly."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from market.errors import BadInput
from market.fields import shown

#: An escape; the group is one half of a pair of surrogates, which no file or log can hold alone.
ESCAPE = re.compile(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u([dD][89a-fA-F]..)|.)")


def parse_json(text: str) -> Any:
    """The value of a JSON text; NaN, infinities, duplicate keys and half characters are errors.

    Raises:
        BadInput: names the line and column, or the key.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise BadInput(place, f"not JSON: {error.msg}") from None
    except RecursionError:
        raise BadInput("", "nested too deeply") from None
    except ValueError as error:
        raise BadInput("", f"not JSON that can be read: {error}") from None
    _check_whole_characters(text)
    return value


def _check_whole_characters(text: str) -> None:
    for escape in ESCAPE.finditer(text):
        if escape[1] is not None:
            line = text.count("\n", 0, escape.start()) + 1
            column = escape.start() - text.rfind("\n", 0, escape.start())
            problem = f"expected whole characters, got {escape[0].lower()}, half of a pair"
            raise BadInput(f"line {line} column {column}", problem)


def _no_constant(name: str) -> Any:
    raise BadInput("", f"expected finite numbers, got {name}")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise BadInput("", f"duplicate key {shown(twice)}")
    return record
