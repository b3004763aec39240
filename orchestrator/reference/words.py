"""Types, bounds, defaults and units of parameters in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from agents.open_union import kind_of
from agents.params import Distribution
from agents.served_model import NAME_PATTERN
from market.profiles import EngineProfile

#: What the end of a key says of its unit; the first that fits.
UNITS = (
    ("usd_per_mtok", "USD per 1e6 tokens"),
    ("usd_per_s", "USD per second"),
    ("_per_s", "per second"),
    ("_usd", "USD"),
    ("_s", "seconds"),
    ("rounds", "rounds"),
    ("_tokens", "tokens"),
    ("_bytes", "bytes"),
    ("_w", "watts"),
)
_PLAIN = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "path of a file",
    EngineProfile: "name, path of a file, or record",
}
_COUNTS = {2: "two", 3: "three"}
_PLACES = ("first", "second", "third")

#: How a page names a model in a sentence: one of them, or several.
Noun = Callable[[type[BaseModel], bool], str]


def type_words(annotation: Any, noun: Noun, *, several: bool = False) -> str:
    """What values a key takes, without bounds."""
    origin, parts = get_origin(annotation), get_args(annotation)
    lists = "lists" if several else "list"
    if origin is Annotated:
        return type_words(parts[0], noun, several=several)
    if origin in (Union, UnionType):
        words = [
            type_words(part, noun, several=several) for part in parts if part is not type(None)
        ]
        nullable = ["null"] if type(None) in parts else []
        return " or ".join([*dict.fromkeys(words), *nullable])
    if origin is tuple and parts[-1] is Ellipsis:
        return f"{lists} of {type_words(parts[0], noun, several=True)}"
    if origin is tuple:
        each = type_words(parts[0], noun, several=True)
        return f"{lists} of {_COUNTS[len(parts)]} {each}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"mapping of names to {type_words(parts[1], noun, several=True)}"
    return _one_type(str if origin is Literal else annotation, noun, several=several)


def _one_type(kind: Any, noun: Noun, *, several: bool) -> str:
    if kind is Distribution:
        return f"number{'s' if several else ''} or {noun(kind, several)}"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return noun(kind, several)
    word = _PLAIN.get(kind, "value")
    return f"{word}s" if several and kind is not bool else word


def unit(key: str, words: str) -> str:
    """The unit of a number, by the end of its key; empty where it has none."""
    if "number" not in words:
        return ""
    return next((unit for end, unit in UNITS if f"_{key}".endswith(end)), "")


def bounds_words(info: FieldInfo) -> str:
    """Between what bounds a value must be, and how many of them there may be."""
    counted = "characters" if info.annotation is str else "of them"
    found = [_limits(info.metadata, counted), *_inner(info.annotation, "")]
    return "; ".join(filter(None, dict.fromkeys(found)))


def _inner(annotation: Any, each: str) -> list[str]:
    """The bounds that stand within a type; ``each`` before those of what a list holds."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return [words for part in get_args(annotation) for words in _inner(part, each)]
    if origin is Annotated:
        base, *metadata = get_args(annotation)
        own = _limits([one for item in metadata for one in _flat(item)], "of them")
        return [f"{each}{own}" if own else "", *_inner(base, each)]
    if not (isinstance(origin, type) and issubclass(origin, tuple | Mapping)):
        return []
    parts = get_args(annotation)
    if origin is tuple and parts[-1] is not Ellipsis and len(set(parts)) > 1:
        named = zip(_PLACES, parts, strict=False)
        return [words for place, part in named for words in _inner(part, f"{place} ")]
    return [words for part in parts for words in _inner(part, "each ")]


def _flat(item: Any) -> Sequence[Any]:
    return item.metadata if isinstance(item, FieldInfo) else [item]


def _limits(metadata: Sequence[Any], counted: str) -> str:
    """Bounds as pydantic keeps them; ``counted`` is what a length counts."""
    if any(getattr(one, "pattern", None) == NAME_PATTERN for one in metadata):
        return "letters, digits, `_`, `.` and `-`, at most 100"
    at = {
        name: number_words(getattr(one, name))
        for one in metadata
        for name in ("ge", "gt", "le", "lt", "min_length", "max_length")
        if getattr(one, name, None) is not None
    }
    lengths = {"ge": at.get("min_length"), "le": at.get("max_length")}
    length = _range({name: limit for name, limit in lengths.items() if limit is not None})
    if length == "at least 1":
        length, counted = "not empty", ""
    return ", ".join(filter(None, (_range(at), f"{length} {counted}".strip() if length else "")))


def _range(limits: Mapping[str, str]) -> str:
    if "ge" in limits and "le" in limits and "gt" not in limits:
        return f"{limits['ge']} to {limits['le']}"
    low = ("gt", "above") if "gt" in limits else ("ge", "at least")
    named = (low, ("le", "at most"), ("lt", "below"))
    return ", ".join(f"{words} {limits[name]}" for name, words in named if name in limits)


def number_words(number: float) -> str:
    """A bound, short: 1000, 1e6, 2^63."""
    whole = int(number)
    if number == whole and whole >= 2**20 and whole.bit_count() == 1:
        return f"2^{whole.bit_length() - 1}"
    return f"{number:g}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")


def default_words(default: Any) -> str:
    """A default as it would stand in a scenario."""
    return yaml_line(_plain(default))


def yaml_line(value: Any) -> str:
    """A value as YAML on one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**9)
    return text.removesuffix("\n").removesuffix("\n...")


def _plain(value: Any) -> Any:
    """A value as YAML writes it: defaults of a model left out, profiles by name."""
    if isinstance(value, EngineProfile):
        return value.name
    if isinstance(value, Distribution) and value.constant is not None:
        return _plain(value.constant)
    if isinstance(value, BaseModel):
        kind = kind_of(type(value))
        stated = value.model_dump(exclude_defaults=True)
        return ({"kind": kind} if kind else {}) | {
            key: _plain(getattr(value, key)) for key in stated
        }
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value
