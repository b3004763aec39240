"""The allocation problem of STAR, equation (2): who runs what, at least total virtual cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from market.errors import Infeasible
from market.workflow.graph import Node, Workflow
from market.workflow.offer import Offer, check_hit_ratio
from market.workflow.quantities import (
    BoolArray,
    FloatArray,
    IntArray,
    TokenCounts,
    cold_quantities,
    quantities,
    token_counts,
)


@dataclass(frozen=True)
class AllocationProblem:
    """Everything but the prices: n nodes with R different requirements, N providers in order.

    The order of the providers is the canonical one. ``requirement`` (n,) is that of every node,
    ``meets`` (N, R) says who meets which, ``input_ratio`` (N,) is the price of an input token over
    that of an output token, and ``hit_ratio`` (N,) likewise of a cached one, at most as high; None
    where cached input is free.
    """

    tokens: TokenCounts
    requirement: IntArray
    meets: BoolArray
    input_ratio: FloatArray
    hit_ratio: FloatArray | None = None

    @cached_property
    def capable(self) -> BoolArray:
        """(N, n): who may run what."""
        capable: BoolArray = self.meets[:, self.requirement]
        return capable

    @cached_property
    def domains(self) -> tuple[IntArray, ...]:
        """Of every node, the positions of the providers that may run it, ascending."""
        meeting = [np.flatnonzero(column) for column in self.meets.T]
        return tuple(meeting[kind] for kind in self.requirement.tolist())

    @cached_property
    def domain_sizes(self) -> tuple[int, ...]:
        """Of every node, how many providers may run it."""
        return tuple(len(domain) for domain in self.domains)

    def quantities(self, allocations: IntArray) -> FloatArray:
        """q_i(A), (B, N) tokens, of every provider under every one of ``allocations`` (B, n)."""
        return quantities(self.tokens, self.input_ratio, allocations, self.hit_ratio)

    def cold_quantities(self, allocations: IntArray) -> FloatArray:
        """The same with nothing cached, the paper's workload omega."""
        return cold_quantities(self.tokens, self.input_ratio, allocations)

    def among(self, providers: IntArray) -> AllocationProblem:
        """The problem in which only ``providers`` take part."""
        taking_part = np.zeros(len(self.meets), dtype=np.bool_)
        taking_part[providers] = True
        return replace(self, meets=self.meets & taking_part[:, None])


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
    workflow: Workflow,
    offers: Sequence[Offer],
    *,
    charge_entry_input: bool,
    charge_cached_input: bool = False,
) -> AllocationProblem:
    """The problem of buying ``workflow`` from ``offers``, whose order is the canonical order.

    Raises ``Infeasible``, naming the node and what it needs, where nobody is capable of it, and
    ``BadInput`` where a cached token is charged and costs more than one that is not.
    """
    if charge_cached_input:
        for offer in offers:
            check_hit_ratio(offer.provider, offer.input_ratio, offer.hit_ratio)
    requirements: dict[int | frozenset[str], int] = {}
    requirement = [
        requirements.setdefault(_requirement(node), len(requirements)) for node in workflow.nodes
    ]
    meets = _who_meets(requirements, offers)
    nobody = np.flatnonzero(~meets.any(axis=0))
    if nobody.size:
        raise Infeasible(_nobody_for(workflow.nodes[requirement.index(int(nobody[0]))], offers))
    return AllocationProblem(
        tokens=token_counts(workflow, charge_entry_input=charge_entry_input),
        requirement=np.array(requirement, dtype=np.intp),
        meets=meets,
        input_ratio=np.array([offer.input_ratio for offer in offers], dtype=np.float64),
        hit_ratio=np.array([offer.hit_ratio for offer in offers], dtype=np.float64)
        if charge_cached_input
        else None,
    )


def _requirement(node: Node) -> int | frozenset[str]:
    """The lowest tier that can run a node, or the providers that can."""
    return node.capable or frozenset() if node.difficulty is None else node.difficulty


def _who_meets(requirements: Iterable[int | frozenset[str]], offers: Sequence[Offer]) -> BoolArray:
    """(N, R): which offer meets which requirement."""
    tiers = np.array([offer.tier for offer in offers], dtype=np.int64)
    columns = [
        np.array([offer.provider in needed for offer in offers], dtype=np.bool_)
        if isinstance(needed, frozenset)
        else tiers >= needed
        for needed in requirements
    ]
    return np.stack(columns, axis=1)


def _nobody_for(node: Node, offers: Sequence[Offer]) -> str:
    there = "no provider takes part"
    if offers and node.capable is None:
        there = f"the highest tier that takes part is {max(offer.tier for offer in offers)}"
    elif offers:
        there = "none of them takes part"
    return f"node {node.id!r} needs {node.requirement}, but {there}"
