"""The choice of an exact solver, made before anything is solved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from market.errors import TooCostly
from market.workflow.allocation import AllocationProblem, AllocationSolver
from market.workflow.elimination import Elimination, EliminationPlan

#: What a solver can be asked for by. ``auto`` is elimination where its tables stay small.
SOLVERS = ("auto", "elimination", "highs")

#: Entries of the largest table up to which elimination is the faster one, give or take.
AUTO_TABLE_LIMIT = 2**19

#: Entries, of eight bytes, of the largest table that elimination may build at all.
TABLE_LIMIT = 2**24

SolverFactory = Callable[[AllocationProblem], AllocationSolver]


def choose_solver(name: str, problems: Sequence[AllocationProblem]) -> SolverFactory:
    """One solver for all of ``problems``, which share their graph.

    Raises ``TooCostly`` if elimination is asked for by name and would exceed ``TABLE_LIMIT``.
    """
    if name != "highs":
        plan = EliminationPlan(problems[0].tokens)
        entries = max(plan.table_entries(problem.domain_sizes) for problem in problems)
        if entries <= (AUTO_TABLE_LIMIT if name == "auto" else TABLE_LIMIT):
            return partial(Elimination, plan=plan)
        if name == "elimination":
            raise TooCostly(
                f"elimination needs a table of {entries} entries, the limit is {TABLE_LIMIT};"
                " solver 'highs' or 'auto' does without"
            )
    # Imported where it is used: highspy and ortools cannot be loaded into one process.
    from market.workflow.highs import Highs

    return Highs
