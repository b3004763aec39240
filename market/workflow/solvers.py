"""The choice of an exact solver, made before anything is solved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from market.errors import TooCostly
from market.workflow.allocation import AllocationProblem, AllocationSolver
from market.workflow.elimination import Elimination, EliminationPlan

#: What a solver can be asked for by. ``auto`` is elimination where it stays cheap. Ties fall by the
#: canonical order under elimination only; HiGHS takes its own choice among optima, which at an
#: ironed flat can make a difference of a payment.
SOLVERS = ("auto", "elimination", "highs")

#: Operations of one allocation up to which elimination is the faster one: they take some 15 ms,
#: which is what HiGHS needs for a few dozen nodes.
AUTO_OPERATIONS = 2**21

#: Entries, of eight bytes, of the tables that elimination may keep at all: half a GiB.
MOST_ENTRIES = 2**26

#: Operations of one allocation that elimination may take at all: half a minute or so.
MOST_OPERATIONS = 2**32

SolverFactory = Callable[[AllocationProblem], AllocationSolver]


def choose_solver(name: str, problems: Sequence[AllocationProblem]) -> SolverFactory:
    """One solver for all of ``problems``, which share their graph.

    Raises ``TooCostly`` if elimination is asked for by name and would exceed ``MOST_ENTRIES`` or
    ``MOST_OPERATIONS``.
    """
    if name != "highs":
        plan = EliminationPlan(problems[0].tokens)
        most = [max(sizes) for sizes in zip(*(one.domain_sizes for one in problems), strict=True)]
        cost = plan.cost(most)
        most_operations = AUTO_OPERATIONS if name == "auto" else MOST_OPERATIONS
        if cost.operations <= most_operations and cost.entries <= MOST_ENTRIES:
            return partial(Elimination, plan=plan)
        if name == "elimination":
            raise TooCostly(
                f"elimination needs tables of {cost.entries} entries and {cost.operations}"
                f" operations, the limits are {MOST_ENTRIES} and {MOST_OPERATIONS};"
                " solver 'highs' or 'auto' does without"
            )
    # Imported where it is used: highspy and ortools cannot be loaded into one process.
    from market.workflow.highs import Highs

    return Highs
