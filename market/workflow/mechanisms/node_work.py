"""The work of single nodes, in output-token equivalents over all executions."""

from __future__ import annotations

import numpy as np

from market.workflow.allocation import AllocationProblem
from market.workflow.quantities import FloatArray, IntArray


def cold_work(problem: AllocationProblem) -> FloatArray:
    """(N, n): L_v + rho_i (sum of T_uv over all edges into v + v's entry input).

    What a node takes where nothing is cached, whoever runs its parents.
    """
    tokens = problem.tokens
    read = tokens.entry_input + _into(problem, tokens.transfer)
    work: FloatArray = tokens.output + problem.input_ratio[:, None] * read
    return work


def work_left(problem: AllocationProblem, allocation: IntArray) -> FloatArray:
    """(n,): what each node takes its provider under ``allocation`` (n,); sums to the q_i(A)."""
    tokens = problem.tokens
    cut = allocation[tokens.source] != allocation[tokens.target]
    read = tokens.entry_input + _into(problem, cut * tokens.transfer)
    work: FloatArray = tokens.output + problem.input_ratio[allocation] * read
    return work


def _into(problem: AllocationProblem, transfer: FloatArray) -> FloatArray:
    """(n,): the tokens of ``transfer`` (m,) that arrive at every node."""
    tokens = problem.tokens
    arrived = np.bincount(tokens.target, weights=transfer, minlength=len(tokens.output))
    return arrived.astype(np.float64)
