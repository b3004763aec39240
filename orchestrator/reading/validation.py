"""What pydantic complains of, in one line of ours."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from market.errors import BadInput
from market.fields import shown, shown_key

#: What things are that name no kind.
UNSAID_KINDS = ("simulated", "paper")


def first_problem(
    error: ValidationError, document: Any, at: tuple[int | str, ...] = ()
) -> BadInput:
    """The first complaint of pydantic about what stands ``at`` a key, in one line of ours."""
    problem = error.errors()[0]
    kind, value = problem["type"], problem["input"]
    where = _dotted(at + problem["loc"], document)
    if kind == "missing":
        return BadInput(where, "missing")
    if kind == "extra_forbidden":
        return BadInput(where, "unknown key")
    if kind == "union_tag_invalid":
        expected, tag = problem["ctx"]["expected_tags"], problem["ctx"]["tag"]
        return BadInput(f"{where}.kind", f"expected one of {expected}; got {shown(tag)}")
    message = problem["msg"].removeprefix("Value error, ")
    message = message.replace("Input should be", "expected")
    if kind == "value_error":
        return BadInput(where, message)
    return BadInput(where, f"{message}, got {shown(value)}")


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
