"""A scenario as YAML with a comment on each key, taken from what the models say of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any, Final

from pydantic import BaseModel

from agents.open_union import kind_of
from orchestrator.reference.keys import Key, keys_of, models_in
from orchestrator.reference.words import yaml_line

WIDTH, COMMENT_AT = 100, 40
MOST_CHOICES = 9


@dataclass(frozen=True)
class Block:
    """A mapping that is written a key a line.

    Attributes:
        keys: in their order; a value is a ``Block``, a list of them, or what YAML can write.
        offered: keys that stand there behind a ``#``; ``DEFAULT`` is the value that they have.
    """

    keys: Mapping[str, Any]
    offered: Mapping[str, Any] = field(default_factory=dict)


DEFAULT: Final = object()


def commented_yaml(block: Block, model: type[BaseModel]) -> str:
    """The text; a key is explained where it stands first, and offered keys are not set."""
    return "\n".join(_lines(block, model, "", set())) + "\n"


def _lines(
    block: Block, model: type[BaseModel], indent: str, told: set[tuple[str, str]]
) -> Iterator[str]:
    """The lines of a block: plain keys, then those offered, then blocks; ``told`` grows."""
    keys = {key.name: key for key in keys_of(model)}
    plain = {name: one for name, one in block.keys.items() if not _is_nested(one)}
    for name, value in plain.items():
        comment = _about(name, keys.get(name), model, told)
        yield from _line(f"{name}: {yaml_line(value)}", comment, indent)
    for name, value in block.offered.items():
        text = keys[name].default if value is DEFAULT else yaml_line(value)
        yield from _line(f"#{name}: {text}", _about(name, keys[name], model, told), indent)
    for name, value in block.keys.items():
        if name not in plain:
            if not indent:
                yield ""
            yield from _line(f"{name}:", _about(name, keys[name], model, told), indent)
            yield from _nested(value, keys[name], indent + "  ", told)


def _is_nested(value: Any) -> bool:
    return isinstance(value, Block | list) and (not isinstance(value, list) or _holds(value))


def _holds(values: list[Any]) -> bool:
    return bool(values) and isinstance(values[0], Block)


def _nested(value: Any, key: Key, indent: str, told: set[tuple[str, str]]) -> Iterator[str]:
    """A block, or the items of a list of them."""
    if isinstance(value, Block):
        yield from _lines(value, _model(value, key), indent, told)
        return
    for item in value:
        lines = _lines(item, _model(item, key), indent + "  ", told)
        first = next(lines)
        yield f"{indent}- {first.removeprefix(indent + '  ')}"
        yield from lines


def _model(block: Block, key: Key) -> type[BaseModel]:
    """The model of a block: the only one of its key, or that of its kind."""
    models = models_in(key.annotation)
    if len(models) == 1:
        return models[0]
    return next(model for model in models if kind_of(model) == block.keys["kind"])


def _line(text: str, comment: str, indent: str) -> Iterator[str]:
    """A line and its comment beside it, or above it where the line is long."""
    if len(indent + text) > COMMENT_AT - 2:
        above = wrap(comment, WIDTH - len(indent) - 2)
        yield from (f"{indent}# {line}" for line in above)
        yield indent + text
        return
    beside = wrap(comment, WIDTH - COMMENT_AT - 2) or [""]
    yield f"{indent + text:<{COMMENT_AT}}# {beside[0]}" if comment else indent + text
    yield from (f"{'':<{COMMENT_AT}}# {line}" for line in beside[1:])


def _about(name: str, key: Key | None, model: type[BaseModel], told: set[tuple[str, str]]) -> str:
    """What a comment says of a key; nothing where it was ``told`` already."""
    if key is None:
        return ""
    owner = next(base for base in reversed(model.__mro__) if name in _fields(base))
    if (owner.__qualname__, name) in told:
        return ""
    told.add((owner.__qualname__, name))
    kinds = [kind_of(one) for one in models_in(key.annotation) if kind_of(one)]
    choices = list(key.choices) or kinds
    if len(choices) > MOST_CHOICES:
        choices = [*choices[:MOST_CHOICES], f"and {len(choices) - MOST_CHOICES} more"]
    listed = f" {'Kinds' if kinds else 'Choices'}: {', '.join(choices)}." if choices else ""
    return (key.meaning + listed).replace("`", "").strip()


def _fields(base: type) -> Mapping[str, Any]:
    return base.model_fields if issubclass(base, BaseModel) and base is not BaseModel else {}
