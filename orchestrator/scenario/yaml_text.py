"""The YAML of a scenario, and settings that change single keys of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from market.errors import BadInput
from market.fields import shown, shown_key
from orchestrator.reading.text_file import read_text

#: Parsing takes some seconds a million characters; a scenario has some thousands.
MOST_CHARACTERS = 2_000_000
#: The deepest scenario nests 12; the parser itself ends before 300.
MOST_DEPTH = 50
#: Every alias counts as all that it stands for, so few lines cannot stand for much.
MOST_VALUES = 200_000
#: Of a number; Python works out one in base 60 in the square of its length.
MOST_PLAIN_CHARACTERS = 10_000

_PREFIX = "tag:yaml.org,2002:"
#: What a text without quotes may stand for; it is worked out, which takes long where it is long.
_WORKED_OUT = {_PREFIX + kind for kind in ("bool", "int", "float", "null", "timestamp")}


class _StrictLoader(yaml.SafeLoader):
    """YAML of plain values in bounds: no tags, a key once, aliases only of what is finished."""

    def __init__(self, text: str):
        super().__init__(text)
        self._depth = 0
        self._values: dict[int, int] = {}
        self._total = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line = f"line {event.start_mark.line + 1}"
        if isinstance(event, yaml.AliasEvent):
            node = super().compose_node(parent, index)
            if id(node) not in self._values:
                raise BadInput(line, f"the alias *{event.anchor} stands in what it stands for")
            self._count(self._values[id(node)], line)
            return node
        if event.tag is not None:
            raise BadInput(line, f"expected a value without a tag, got {shown(event.tag)}")
        if self._depth == MOST_DEPTH:
            raise BadInput(line, f"expected at most {MOST_DEPTH} levels of nesting, got more")
        before = self._total
        self._count(1, line)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        self._values[id(node)] = self._total - before
        _check_node(node, line)
        return node

    def _count(self, values: int, line: str) -> None:
        self._total += values
        if self._total > MOST_VALUES:
            problem = f"expected at most {MOST_VALUES} values, aliases written out, got more"
            raise BadInput(line, problem)


def _check_node(node: yaml.Node | None, line: str) -> None:
    """A mapping must have each key once; a text must be whole characters, a number short."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, _ in node.value:
            place = f"line {key.start_mark.line + 1}"
            if not isinstance(key, yaml.ScalarNode):
                raise BadInput(place, "expected a text as a key, got a list or a mapping")
            if key.value in seen:
                raise BadInput(place, f"duplicate key {shown(key.value)}")
            seen.add(key.value)
    elif isinstance(node, yaml.ScalarNode):
        if node.tag in _WORKED_OUT and len(node.value) > MOST_PLAIN_CHARACTERS:
            expected = f"expected a number of at most {MOST_PLAIN_CHARACTERS} characters"
            raise BadInput(line, f"{expected}, got {shown(node.value)}")
        if any("\ud800" <= one <= "\udfff" for one in node.value):
            problem = f"expected whole characters, got half of a pair in {shown(node.value)}"
            raise BadInput(line, problem)


def _parsed(text: str) -> Any:
    """The value of a YAML text, in which nothing is shared.

    Raises:
        BadInput: names the line of what is malformed or too much.
    """
    if len(text) > MOST_CHARACTERS:
        raise BadInput("", f"expected at most {MOST_CHARACTERS} characters, got {len(text)}")
    try:
        return _unshared(yaml.load(text, Loader=_StrictLoader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadInput(f"line {line}", f"not YAML: {error.problem}") from None
    except (yaml.YAMLError, ArithmeticError, ValueError, TypeError, RecursionError) as error:
        raise BadInput("", f"not YAML that can be read: {shown(str(error))}") from None


def _unshared(value: Any) -> Any:
    """A copy in which what an alias stands for is written out, so that it can change alone."""
    if isinstance(value, dict):
        return {key: _unshared(item) for key, item in value.items()}
    return [_unshared(item) for item in value] if isinstance(value, list) else value


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; raises ``BadInput`` with the line of what is malformed."""
    text = read_text(path)
    try:
        document = _parsed(text)
    except BadInput as error:
        raise error.inside(str(path)) from None
    if not isinstance(document, dict):
        raise BadInput(str(path), "expected a mapping of keys, such as seed, providers, demand")
    return document


def apply_setting(document: dict[str, Any], setting: str) -> None:
    """Apply one ``dotted.path=value``; the value is YAML."""
    dotted, equals, text = setting.partition("=")
    if not equals or not dotted:
        problem = "expected KEY=VALUE, such as demand.0.rate_per_s=20"
        raise BadInput(f"--set {shown_key(setting)}", problem)
    place = f"--set {shown_key(dotted)}"
    try:
        value = _parsed(text)
    except BadInput as error:
        raise BadInput(place, error.problem) from None
    *steps, last = dotted.split(".")
    holder: Any = document
    for step in steps:
        holder = _step_into(holder, step, place)
    if isinstance(holder, list):
        holder[_index(holder, last, place)] = value
    elif isinstance(holder, dict):
        holder[last] = value
    else:
        raise BadInput(place, f"{shown(last)} is not a key of {shown(holder)}")


def _step_into(holder: Any, step: str, place: str) -> Any:
    if isinstance(holder, list):
        return holder[_index(holder, step, place)]
    if isinstance(holder, dict):
        return holder.setdefault(step, {})
    raise BadInput(place, f"{shown(step)} is not a key of {shown(holder)}")


def _index(holder: list[Any], step: str, place: str) -> int:
    if step not in map(str, range(len(holder))):
        raise BadInput(place, f"expected an index from 0 to {len(holder) - 1}, got {shown(step)}")
    return int(step)
