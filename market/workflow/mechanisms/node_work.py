"""The work of single nodes, in output-token equivalents over all executions."""

from __future__ import annotations

from market.workflow.allocation import AllocationProblem
from market.workflow.quantities import FloatArray, IntArray


def cold_work(problem: AllocationProblem) -> FloatArray:
    """(N, n): L_v + rho_i (sum of T_uv over all edges into v + v's entry input).

    What a node takes where nothing is cached, whoever runs its parents.
    """
    tokens = problem.tokens
    read = tokens.entry_input + tokens.received
    work: FloatArray = tokens.output + problem.input_ratio[:, None] * read
    return work


def work_left(problem: AllocationProblem, allocation: IntArray) -> FloatArray:
    """(n,): what each node takes its provider under ``allocation`` (n,); sums to the q_i(A)."""
    tokens = problem.tokens
    cut = allocation[tokens.source] != allocation[tokens.target]
    read = tokens.entry_input + tokens.arrived(cut * tokens.transfer)
    work: FloatArray = tokens.output + problem.input_ratio[allocation] * read
    if problem.hit_ratio is not None:
        work += problem.hit_ratio[allocation] * tokens.arrived(~cut * tokens.transfer)
    return work
