"""The registry of exact solvers that are measured, ours and its peers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from benchmarks.star_speed import toulbar2
from benchmarks.star_speed.markets import Market
from benchmarks.star_speed.prepared import Prepared
from market.workflow.allocation import AllocationProblem, allocation_problem
from market.workflow.dominance import Front
from market.workflow.quantities import FloatArray
from market.workflow.solvers import choose_solver

Prepare = Callable[[AllocationProblem, FloatArray], Prepared]


@dataclass(frozen=True)
class Subject:
    """A solver, and whether it sees only the providers that ``Front`` leaves.

    ``needs`` is a module that it cannot be measured without.
    """

    prepare: Prepare
    pruned: bool
    needs: str | None = None

    def build(self, market: Market) -> Prepared:
        """All that comes before solving, from a workflow and offers on."""
        problem = problem_of(market)
        prices = market.prices
        if self.pruned:
            problem = problem.among(Front.of(problem, prices).members)
        return self.prepare(problem, prices)


def problem_of(market: Market) -> AllocationProblem:
    """The whole allocation problem of a market."""
    return allocation_problem(market.workflow, market.offers, charge_entry_input=True)


def prepare_own(name: str, problem: AllocationProblem, prices: FloatArray) -> Prepared:
    """One of the solvers of this project, by the name it is asked for by; one row of prices."""
    solver = choose_solver(name, [problem])(problem)
    return Prepared(solver.name, lambda: solver.allocate(prices[None])[0])


OURS = "Walras"

#: Every subject by its name; ``OURS`` is what the mechanism uses.
SUBJECTS: Mapping[str, Subject] = {
    OURS: Subject(partial(prepare_own, "auto"), pruned=True),
    "Walras unpruned": Subject(partial(prepare_own, "elimination"), pruned=False),
    "toulbar2": Subject(toulbar2.prepare, pruned=False, needs="pytoulbar2"),
    "toulbar2 pruned": Subject(toulbar2.prepare, pruned=True, needs="pytoulbar2"),
    "HiGHS": Subject(partial(prepare_own, "highs"), pruned=False),
    "HiGHS pruned": Subject(partial(prepare_own, "highs"), pruned=True),
}
