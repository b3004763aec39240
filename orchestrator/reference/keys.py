"""The keys of a model, as the reference and a new scenario describe them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from agents.open_union import kind_of
from agents.params import Distribution
from orchestrator.reference.docstrings import meanings
from orchestrator.reference.names import registry
from orchestrator.reference.words import bounds_words, default_words

REQUIRED = "required"


@dataclass(frozen=True)
class Key:
    """One key of a scenario.

    Attributes:
        name: as it stands in YAML.
        meaning: Markdown on one line; empty where nothing is known.
        annotation: its type.
        bounds: in words; empty where there are none.
        choices: the values that it takes; empty where they are not listed.
        listed_under: the heading of the reference that tells of the choices; empty: they are few.
        default: YAML on one line, or ``REQUIRED``.
    """

    name: str
    meaning: str
    annotation: Any
    bounds: str
    choices: tuple[str, ...]
    listed_under: str
    default: str


def keys_of(model: type[BaseModel]) -> tuple[Key, ...]:
    """The keys of a model in their order, without the ``kind`` that chose it."""
    said = meanings(model)
    infos = model.model_fields.items()
    return tuple(
        _key(model, name, info, said.get(name, ""))
        for name, info in infos
        if name != "kind" or not kind_of(model)
    )


def _key(model: type[BaseModel], name: str, info: FieldInfo, meaning: str) -> Key:
    names, heading = registry(model, name) or (_literals(info.annotation), "")
    unstated = info.is_required() or (info.default is None and bool(info.validate_default))
    default = info.get_default(call_default_factory=True, validated_data={})
    return Key(
        name=name,
        meaning=meaning,
        annotation=info.annotation,
        bounds=bounds_words(info),
        choices=tuple(names),
        listed_under=heading,
        default=REQUIRED if unstated else default_words(default),
    )


def _literals(annotation: Any) -> tuple[str, ...]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def models_in(annotation: Any) -> tuple[type[BaseModel], ...]:
    """The models that a type holds, distributions aside; of kinds all, in their order."""
    return tuple(dict.fromkeys(_models_in(annotation)))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation is not Distribution:
            yield annotation
        return
    for part in get_args(annotation):
        yield from _models_in(part)


def models_below(model: type[BaseModel]) -> tuple[type[BaseModel], ...]:
    """A model and all that it can hold, in the order of their keys."""
    found: dict[type[BaseModel], None] = {}

    def visit(one: type[BaseModel]) -> None:
        if one not in found:
            found[one] = None
            for info in one.model_fields.values():
                for part in models_in(info.annotation):
                    visit(part)

    visit(model)
    return tuple(found)


def kind_unless_said(kinds: Any) -> str | None:
    """Which of several kinds a record without ``kind`` is of; None: it must say so."""
    try:
        return str(TypeAdapter(kinds).validate_python({}).kind)
    except ValidationError:
        return None
