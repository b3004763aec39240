"""The YAML of a scenario, and settings that change single keys of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from market.errors import BadInput
from market.fields import shown, shown_key
from orchestrator.text_file import read_text


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise BadInput(f"line {line}", f"duplicate key {shown(key.value)}")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; raises ``BadInput`` with the line of what is malformed."""
    text = read_text(path)
    try:
        document = yaml.load(text, Loader=_StrictLoader)
    except BadInput as error:
        raise error.inside(str(path)) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadInput(f"{path}: line {line}", f"not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise BadInput(str(path), f"not YAML that can be read: {shown(str(error))}") from None
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
        value = yaml.load(text, Loader=_StrictLoader)
    except BadInput as error:
        raise BadInput(place, error.problem) from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        raise BadInput(place, f"expected a YAML value, got {shown(text)}") from None
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
