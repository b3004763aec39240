"""The combinations of a grid, and short names for them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

#: What is set in a scenario, by dotted key.
Settings = dict[str, Any]

#: A grid has no more combinations.
MOST_ARMS = 10_000

_SHORT = re.compile(r"[A-Za-z0-9_.+-]{1,32}")


def combinations(grid: Mapping[str, Sequence[Any]]) -> dict[str, Settings]:
    """What every combination sets, by name, such as ``mechanism=sticky,rate_per_s=50``.

    A key is named by as much of its end as tells it from the other keys, a value by itself or its
    ``kind`` where that is short and tells it from the other values, or else as v1, v2, ...

    Raises:
        ValueError: there are more than ``MOST_ARMS``.
    """
    count = math.prod(map(len, grid.values()))
    if count > MOST_ARMS:
        raise ValueError(f"grid: expected at most {MOST_ARMS} combinations, got {count}")
    keys = _short_keys(list(grid))
    named = [
        [(f"{key}={label}", value) for label, value in zip(_labels(values), values, strict=True)]
        for key, values in zip(keys, grid.values(), strict=True)
    ]
    return {
        ",".join(part for part, _ in chosen): {
            key: value for key, (_, value) in zip(grid, chosen, strict=True)
        }
        for chosen in product(*named)
    }


def _short_keys(keys: Sequence[str]) -> list[str]:
    """The shortest ends of dotted keys that differ from all others'."""
    parts = [key.split(".") for key in keys]
    for length in range(1, max(map(len, parts))):
        ends = Counter(".".join(steps[-length:]) for steps in parts)
        if len(ends) == len(keys):
            return list(ends)
    return list(keys)


def _labels(values: Sequence[Any]) -> list[str]:
    labels = [_label(value) for value in values]
    if len(set(labels)) == len(labels) and all(map(_SHORT.fullmatch, labels)):
        return labels
    return [f"v{number}" for number in range(1, len(values) + 1)]


def _label(value: Any) -> str:
    """A short text for a value, or one that is not short."""
    if isinstance(value, Mapping):
        return str(value.get("kind", ""))
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value) if isinstance(value, str | int | float) else ""
