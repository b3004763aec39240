"""Changing one place of a JSON-like document."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

MISSING = object()


def changed(document: Any, path: str, value: object) -> Any:
    """A copy with the value at a dotted path replaced, added or removed (``MISSING``)."""
    copy = deepcopy(document)
    *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    place = copy
    for key in way:
        place = place[key]
    if value is MISSING:
        del place[last]
    elif isinstance(place, list) and last == len(place):
        place.append(value)
    else:
        place[last] = value
    return copy
