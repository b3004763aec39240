"""The allocation problem of STAR, equation (2): who runs what, at least total virtual cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from market.errors import Infeasible
from market.workflow.graph import Node, Workflow
from market.workflow.offer import Offer
from market.workflow.quantities import BoolArray, FloatArray, IntArray, TokenCounts, token_counts


@dataclass(frozen=True)
class AllocationProblem:
    """Everything but the prices: n nodes, N providers in canonical order.

    ``capable`` (N, n) says who may run what, ``input_ratio`` (N,) is the
    price of an input token over that of an output token.
    """

    tokens: TokenCounts
    capable: BoolArray
    input_ratio: FloatArray

    @cached_property
    def domains(self) -> tuple[IntArray, ...]:
        """Of every node, the positions of the providers that may run it, ascending."""
        return tuple(np.flatnonzero(column) for column in self.capable.T)

    @cached_property
    def domain_sizes(self) -> tuple[int, ...]:
        """Of every node, how many providers may run it."""
        return tuple(int(size) for size in self.capable.sum(axis=0))

    def among(self, providers: IntArray) -> AllocationProblem:
        """The problem in which only ``providers`` take part."""
        taking_part = np.zeros(len(self.capable), dtype=np.bool_)
        taking_part[providers] = True
        return replace(self, capable=self.capable & taking_part[:, None])


class AllocationSolver(Protocol):
    """An exact solver, made for one problem and asked at many prices."""

    @property
    def name(self) -> str:
        """The name it is chosen by."""

    @property
    def problem(self) -> AllocationProblem:
        """The problem that it solves."""

    def allocate(self, prices: FloatArray) -> IntArray:
        """An optimal allocation for every row of ``prices``.

        ``prices`` (B, N) are virtual costs; returns (B, n) positions of providers. The answer to
        a row does not depend on the other rows.
        """


def allocation_problem(
    workflow: Workflow, offers: Sequence[Offer], *, charge_entry_input: bool
) -> AllocationProblem:
    """The problem of buying ``workflow`` from ``offers``, whose order is the canonical order.

    Raises ``Infeasible``, naming the node and what it needs, where nobody is capable of it.
    """
    return AllocationProblem(
        tokens=token_counts(workflow, charge_entry_input=charge_entry_input),
        capable=_capability(workflow, offers),
        input_ratio=np.array([offer.input_ratio for offer in offers], dtype=np.float64),
    )


def _capability(workflow: Workflow, offers: Sequence[Offer]) -> BoolArray:
    """(N, n): which offer is capable of which node."""
    tiers = np.array([offer.tier for offer in offers], dtype=np.int64)
    columns = []
    for node in workflow.nodes:
        if node.difficulty is not None:
            column = tiers >= node.difficulty
        else:
            names = node.capable or frozenset()
            column = np.array([offer.provider in names for offer in offers], dtype=np.bool_)
        if not column.any():
            raise Infeasible(_nobody_for(node, offers))
        columns.append(column)
    return np.stack(columns, axis=1)


def _nobody_for(node: Node, offers: Sequence[Offer]) -> str:
    there = "no provider takes part"
    if offers and node.capable is None:
        there = f"the highest tier that takes part is {max(offer.tier for offer in offers)}"
    elif offers:
        there = "none of them takes part"
    return f"node {node.id!r} needs {node.requirement}, but {there}"
