"""The allocation as a mixed-integer linear program, solved by HiGHS.

Source: STAR, section 4.3.2. Binary x[v, i] says that provider i runs node v; delta[u, v, i], at
least x[v, i] - x[u, i], says that i receives the context of edge (u, v) anew. Where i cannot run
u, delta is x[v, i] itself and its cost goes there. Where cached input is charged x[v, i] takes all
that v reads at that price, and delta the difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from market.errors import NotProvenOptimal
from market.workflow.allocation import AllocationProblem
from market.workflow.quantities import FloatArray, IntArray

#: Costs are scaled until a feasible allocation costs this: HiGHS's tolerances are absolute, 1e-10
#: at their tightest.
_FEASIBLE_COST = 1e4

_OPTIONS = {
    "output_flag": False,
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 0.0,
    "mip_feasibility_tolerance": 1e-10,
    "primal_feasibility_tolerance": 1e-10,
    "dual_feasibility_tolerance": 1e-10,
}


class Highs:
    """The MILP of one problem.

    Among optimal allocations it takes HiGHS's own choice, the same for the same prices.
    """

    name = "highs"

    def __init__(self, problem: AllocationProblem):
        self.problem = problem
        self._program = _program(problem)

    def allocate(self, prices: FloatArray) -> IntArray:
        """An optimal allocation for every row of ``prices``, see ``AllocationSolver``.

        Raises ``NotProvenOptimal`` unless HiGHS proves it.
        """
        return np.stack([self._allocate_row(row) for row in prices])

    def _allocate_row(self, prices: FloatArray) -> IntArray:
        values = _minimise(self._program, _scaled_cost(self._program, prices))
        start = self._program.node_start
        return np.array(
            [
                domain[values[start[node] : start[node + 1]].argmax()]
                for node, domain in enumerate(self.problem.domains)
            ]
        )


@dataclass(frozen=True)
class _Program:
    """The program but for its prices: a column's cost is its provider's price times ``tokens``.

    The columns from ``node_start[v]`` to ``node_start[v + 1]`` are x of node v, the rest is delta;
    ``cold_tokens`` are what x would cost with all context sent anew. The rows are a sparse matrix.
    """

    provider: IntArray
    tokens: FloatArray
    node_start: IntArray
    cold_tokens: FloatArray
    row_start: IntArray
    row_column: IntArray
    row_value: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray


def _scaled_cost(program: _Program, prices: FloatArray) -> FloatArray:
    """The costs in units in which HiGHS's tolerances are fine enough, same optimum.

    A column dearer than an allocation that is feasible is in no optimum, however much dearer: cut
    to twice that, a virtual cost of 1e13 cannot drown the others.
    """
    cost = prices[program.provider] * program.tokens
    binaries = len(program.cold_tokens)
    cold = prices[program.provider[:binaries]] * program.cold_tokens
    feasible = np.minimum.reduceat(cold, program.node_start[:-1]).sum()
    if feasible == 0:
        return np.sign(cost)
    scaled: FloatArray = np.minimum(cost, 2 * feasible) / feasible * _FEASIBLE_COST
    return scaled


def _program(problem: AllocationProblem) -> _Program:
    tokens, ratio = problem.tokens, problem.input_ratio
    hit = np.zeros_like(ratio) if problem.hit_ratio is None else problem.hit_ratio
    switch = ratio - hit
    column: dict[tuple[int, int], int] = {}
    provider: list[int] = []
    cost: list[float] = []
    node_start = [0]
    rows: list[tuple[list[int], list[float], float, float]] = []
    for node, domain in enumerate(problem.domains):
        # work that only one can do decides nothing, and could drown what does
        decides = len(domain) > 1
        own, read, context = (
            amount[node] * decides
            for amount in (tokens.output, tokens.entry_input, tokens.received)
        )
        for i in domain.tolist():
            column[node, i] = len(provider)
            provider.append(i)
            cost.append(own + ratio[i] * read + hit[i] * context)
        columns = [column[node, i] for i in domain.tolist()]
        rows.append((columns, [1.0] * len(columns), 1.0, 1.0))
        node_start.append(len(provider))
    cold_tokens = np.array(cost)
    edges = (tokens.source.tolist(), tokens.target.tolist(), tokens.transfer.tolist())
    for source, target, transfer in zip(*edges, strict=True):
        for i in problem.domains[target].tolist():
            cold_tokens[column[target, i]] += switch[i] * transfer
            if (source, i) not in column:
                cost[column[target, i]] += switch[i] * transfer
                continue
            columns = [len(provider), column[target, i], column[source, i]]
            rows.append((columns, [1.0, -1.0, 1.0], 0.0, highspy.kHighsInf))
            provider.append(i)
            cost.append(switch[i] * transfer)
    return _Program(
        provider=np.array(provider, dtype=np.intp),
        tokens=np.array(cost, dtype=np.float64),
        node_start=np.array(node_start, dtype=np.intp),
        cold_tokens=cold_tokens,
        row_start=np.cumsum([0, *(len(columns) for columns, _, _, _ in rows)]),
        row_column=np.concatenate([columns for columns, _, _, _ in rows]),
        row_value=np.concatenate([values for _, values, _, _ in rows]),
        row_lower=np.array([lower for _, _, lower, _ in rows]),
        row_upper=np.array([upper for _, _, _, upper in rows]),
    )


def _minimise(program: _Program, cost: FloatArray) -> FloatArray:
    """The values of the columns at the optimum."""
    columns, binaries = len(cost), len(program.cold_tokens)
    model = highspy.HighsLp()
    model.num_col_ = columns
    model.num_row_ = len(program.row_lower)
    model.col_cost_ = cost
    model.col_lower_ = np.zeros(columns)
    model.col_upper_ = np.ones(columns)
    model.row_lower_ = program.row_lower
    model.row_upper_ = program.row_upper
    model.integrality_ = [
        highspy.HighsVarType.kInteger if k < binaries else highspy.HighsVarType.kContinuous
        for k in range(columns)
    ]
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = program.row_start
    model.a_matrix_.index_ = program.row_column
    model.a_matrix_.value_ = program.row_value

    highs = highspy.Highs()
    for option, value in _OPTIONS.items():
        highs.setOptionValue(option, value)
    if highs.passModel(model) == highspy.HighsStatus.kError:
        raise NotProvenOptimal("HiGHS refused the model")
    highs.run()
    status = highs.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        raise NotProvenOptimal(f"HiGHS stopped with status {highs.modelStatusToString(status)!r}")
    return np.array(highs.getSolution().col_value)
