"""Reading JSON strictly."""

from __future__ import annotations

import json
from typing import Any

from market.errors import BadInput


def parse_json(text: str) -> Any:
    """The value of a JSON text; NaN, infinities and duplicate keys are errors.

    Raises:
        BadInput: names the line and column, or the key.
    """
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise BadInput(place, f"not JSON: {error.msg}") from None
    except RecursionError:
        raise BadInput("", "nested too deeply") from None
    except ValueError as error:
        raise BadInput("", f"not JSON that can be read: {error}") from None


def _no_constant(name: str) -> Any:
    raise BadInput("", f"expected finite numbers, got {name}")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput("", f"duplicate key {twice!r}")
    return record
