"""What pydantic complains of, in one line of ours."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from agents.open_union import kind_of
from agents.params import Distribution
from market.errors import BadInput
from market.fields import shown, shown_key

#: What things are that name no kind.
UNSAID_KINDS = ("simulated", "paper")

#: What pydantic calls by words of Python.
RECORDS = ("dict_type", "model_type", "model_attributes_type")
LISTS = ("list_type", "tuple_type")


def first_problem(
    error: ValidationError,
    document: Any,
    at: tuple[int | str, ...] = (),
    *,
    model: type[BaseModel],
) -> BadInput:
    """The first complaint about what stands ``at`` a key, in one line of ours.

    An unknown key comes before all others: what is missing may be what it was meant to be.

    Args:
        error: what pydantic complained of.
        document: what the file holds.
        at: the place of what was read in the document.
        model: what pydantic read it as, for a hint where a key is unknown.
    """
    problems = error.errors()
    unknown = (one for one in problems if one["type"] == "extra_forbidden")
    problem = next(unknown, problems[0])
    kind, value = problem["type"], problem["input"]
    where = _dotted(at + problem["loc"], document)
    if kind == "missing":
        return BadInput(where, "missing")
    if kind == "extra_forbidden":
        return BadInput(where, f"unknown key{_meant(problem, model)}")
    if kind == "union_tag_not_found":
        return BadInput(f"{where}.kind", "missing")
    if kind == "union_tag_invalid":
        expected, tag = problem["ctx"]["expected_tags"], problem["ctx"]["tag"]
        return BadInput(f"{where}.kind", f"expected one of {expected}; got {shown(tag)}")
    if kind == "value_error":
        return BadInput(where, problem["msg"].removeprefix("Value error, "))
    return BadInput(where, f"{_expected(problem)}, got {shown(value)}")


def _expected(problem: ErrorDetails) -> str:
    """What pydantic expected of a value, in words of YAML."""
    if problem.get("ctx", {}).get("class_name") == Distribution.__name__:
        return "expected a number or a distribution, such as {uniform: [0.5, 1.5]}"
    if problem["type"] in RECORDS:
        return "expected a mapping of keys to values"
    if problem["type"] in LISTS:
        return "expected a list"
    message = problem["msg"].partition(", unable to")[0].replace("Input should be", "expected")
    return message.replace("a valid integer", "a whole number").replace("a valid ", "a ")


def _meant(problem: ErrorDetails, model: type[BaseModel]) -> str:
    """The key that an unknown one was probably meant to be; empty where none is like it."""
    *above, key = problem["loc"]
    models = [model]
    for step in (one for one in above if isinstance(one, str)):
        fields = [one.model_fields[step] for one in models if step in one.model_fields]
        of_kind = [one for one in models if kind_of(one) == step]
        below = [part for field in fields for part in _models_in(field.annotation)]
        models = below if fields else of_kind or models
    names = [field.alias or name for one in models for name, field in one.model_fields.items()]
    close = get_close_matches(str(key), names, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _dotted(location: tuple[int | str, ...], document: Any) -> str:
    """The dotted key of an error, without the kinds that pydantic puts between as union tags."""
    keys: list[str] = []
    here = document
    for step in location:
        if isinstance(here, dict):
            kinds = (here["kind"],) if "kind" in here else UNSAID_KINDS
            if step not in here and step in kinds:
                continue
            here = here.get(step)
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
        keys.append(shown_key(str(step)))
    return ".".join(keys)
