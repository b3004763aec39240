"""What the source says of a model and of its fields.

A field is described by the docstring below it. Pydantic can read these when a class is made
(``use_attribute_docstrings``), but then every process that loads a scenario parses the source of
every model; here it is parsed when somebody asks.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise

from pydantic import BaseModel


def summary(model: type[BaseModel]) -> str:
    """The docstring of a model as Markdown; empty where there is none."""
    return _as_markdown(inspect.cleandoc(model.__doc__ or ""))


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """By field, its description as Markdown on one line.

    A field without one is left out, as are all where the source is not installed.
    """
    found: dict[str, str] = {}
    ours = [base for base in model.__mro__ if issubclass(base, BaseModel) and base != BaseModel]
    for base in reversed(ours):
        of_class = _of_module(base.__module__).get(base.__qualname__, {})
        found |= {name: text for name, text in of_class.items() if name in model.model_fields}
    said = {name: info.description for name, info in model.model_fields.items()}
    found |= {name: text for name, text in said.items() if text}
    return {name: _as_markdown(" ".join(text.split())) for name, text in found.items()}


def _as_markdown(text: str) -> str:
    return text.replace("``", "`")


@cache
def _of_module(module: str) -> Mapping[str, Mapping[str, str]]:
    """By class of a module, the docstrings of its fields."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (KeyError, OSError, TypeError):
        return {}
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef))
    return {node.name: dict(_of_class(node)) for node in classes}


def _of_class(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(node.body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            yield field.target.id, below.value.value
