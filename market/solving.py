"""One door to every mechanism: a problem in, the cleared market out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from market.fields import Fields
from market.matching import solve_matching
from market.workflow import solve_workflow

#: Problem kinds and what solves them.
KINDS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "workflow": solve_workflow,
    "matching": solve_matching,
}


def solve(problem: Mapping[str, Any]) -> dict[str, Any]:
    """Clear one auction given as a dict in the fixed JSON form, and return the answer's dict.

    Raises:
        BadInput: a malformed problem; the message names the key, the value and the expectation.
        Infeasible: no allocation meets the constraints.
        TooCostly: the solver that was asked for cannot hold the problem in memory.
    """
    kind = Fields(problem, "").choice("kind", tuple(KINDS))
    return KINDS[kind](problem)
