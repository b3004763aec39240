"""Reading JSON strictly."""

from __future__ import annotations

import json
import re
from typing import Any

from market.errors import BadInput

#: What may be half of a pair of surrogates, which no file or log can hold alone.
HALF = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(text: str) -> Any:
    """The value of a JSON text; NaN, infinities, duplicate keys and half characters are errors.

    Raises:
        BadInput: names the line and column, or the key.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
        if HALF.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise BadInput(place, f"not JSON: {error.msg}") from None
    except UnicodeEncodeError as error:
        half = f"\\u{ord(error.object[error.start]):04x}"
        raise BadInput("", f"expected whole characters, got {half}, half of a pair") from None
    except RecursionError:
        raise BadInput("", "nested too deeply") from None
    except ValueError as error:
        raise BadInput("", f"not JSON that can be read: {error}") from None
    return value


def _no_constant(name: str) -> Any:
    raise BadInput("", f"expected finite numbers, got {name}")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput("", f"duplicate key {twice!r}")
    return record
