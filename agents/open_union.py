"""Unions of parameter classes by ``kind``, to which plug-ins can add classes of their own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

from pydantic import BaseModel, GetCoreSchemaHandler, ValidatorFunctionWrapHandler
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from agents.params import Params
from market import plugins
from market.errors import BadInput
from market.fields import shown
from market.plugins import Role


def kinds_of(union: Any) -> tuple[str, ...]:
    """The kinds of the classes of a union."""
    return tuple(kind_of(one) for one in get_args(union))


def kind_of(params: type[BaseModel]) -> str:
    """What a scenario calls a class of parameters: the one value of its ``kind``."""
    field = params.model_fields.get("kind")
    kinds = get_args(field.annotation) if field else ()
    return kinds[0] if len(kinds) == 1 and isinstance(kinds[0], str) else ""


@dataclass(frozen=True)
class OpenTo:
    """Metadata of such a union: the class of a plug-in may stand in it too.

    A kind that is built in is validated, and complained of, as if there were no plug-ins. Whatever
    stands there is written with all fields of its own class.

    Attributes:
        role: the kinds and where plug-ins are.
        bases: a plug-in's class derives from one of them.
        methods: and has these.
    """

    role: Role
    bases: tuple[type[Params], ...]
    methods: tuple[str, ...]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            partial(self._validated, kinds_of(source)),
            handler(source),
            serialization=core_schema.simple_ser_schema("any"),
        )

    def _validated(
        self, kinds: tuple[str, ...], value: Any, built_in: ValidatorFunctionWrapHandler
    ) -> Any:
        kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
        if not isinstance(kind, str):
            return built_in(value)
        try:
            plugin = self.role.find(kind)
            if plugin is not None:
                return self.class_of(plugin).model_validate(value)
        except BadInput as error:
            raise ValueError(error.problem) from None
        if kind not in self.role.built_in and self.role.plugins:
            expected = ", ".join(map(repr, (*kinds, *self.role.plugins)))
            told = {"discriminator": "'kind'", "tag": kind, "expected_tags": expected}
            raise PydanticKnownError("union_tag_invalid", told)
        return built_in(value)

    def class_of(self, plugin: plugins.Plugin) -> type[Params]:
        """The class that a plug-in names.

        Raises:
            BadInput: it cannot be loaded, or is none of its role.
        """
        named = plugins.load(plugin)
        if not (isinstance(named, type) and issubclass(named, self.bases)):
            bases = " or ".join(f"{base.__module__}.{base.__name__}" for base in self.bases)
            raise plugin.wrong(f"expected a class derived from {bases}, got {shown(named)}")
        if kind_of(named) != plugin.name:
            raise plugin.wrong(f"expected a field kind: Literal[{plugin.name!r}]")
        missing = [name for name in self.methods if not callable(getattr(named, name, None))]
        missing += sorted(getattr(named, "__abstractmethods__", ()))
        if missing:
            raise plugin.wrong(f"expected the method {missing[0]}, which it lacks")
        return named
