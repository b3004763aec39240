"""Greedy allocation: node after node goes to whoever adds the least cost to what is placed.

Inexact: a node is placed before it is known where its children will run. An edge is counted when
the second of its ends is placed, so that the added costs sum to the objective of STAR, equation
(2). As a function of one provider's virtual cost the allocation is piecewise constant: with the
nodes before it fixed, what a node adds at each candidate is a line, and the allocation changes
where another line passes below the one that was chosen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

import numpy as np

from market.workflow.allocation import AllocationProblem
from market.workflow.graph import Workflow
from market.workflow.quantities import FloatArray, IntArray

#: In an allocation that is still being made: nobody yet.
_NOBODY = -1


def greedy_order(workflow: Workflow) -> tuple[int, ...]:
    """The positions of the nodes in the order of placing.

    The next node is the one that waits for the fewest parents, then the first. Where ordinary
    edges make no cycle this is a topological order; feedback edges do not count.
    """
    waits = [len(workflow.parents[node.id]) for node in workflow.nodes]
    children: list[list[int]] = [[] for _ in workflow.nodes]
    for position, node in enumerate(workflow.nodes):
        for parent in workflow.parents[node.id]:
            children[workflow.index[parent]].append(position)
    queue = [(count, position) for position, count in enumerate(waits)]
    heapify(queue)
    order: dict[int, None] = {}
    while queue:
        _, position = heappop(queue)
        if position in order:
            continue
        order[position] = None
        for child in children[position]:
            waits[child] -= 1
            heappush(queue, (waits[child], child))
    return tuple(order)


class Flip(NamedTuple):
    """From ``virtual_cost`` on, the node placed at ``turn`` goes to ``provider`` instead."""

    virtual_cost: float
    turn: int
    provider: int


class GreedyAllocation:
    """The greedy allocation of one problem, at any prices."""

    def __init__(self, workflow: Workflow, problem: AllocationProblem):
        self._problem = problem
        self._order = greedy_order(workflow)
        nodes = range(len(workflow.nodes))
        self._edges_into = [np.flatnonzero(problem.tokens.target == v) for v in nodes]
        self._edges_from = [np.flatnonzero(problem.tokens.source == v) for v in nodes]

    def allocate(self, prices: FloatArray, first: Sequence[int] = ()) -> IntArray:
        """The allocation (n,) at virtual costs ``prices`` (N,); ties fall to the first provider.

        ``first`` are the providers of the first nodes in the order, where they are given.
        """
        allocation = np.full(len(self._order), _NOBODY)
        for turn, node in enumerate(self._order):
            if turn < len(first):
                allocation[node] = first[turn]
            else:
                cheapest = self._added_cost(node, allocation, prices).argmin()
                allocation[node] = self._problem.domains[node][cheapest]
        return allocation

    def after(self, flip: Flip, prices: FloatArray, allocation: IntArray) -> IntArray:
        """The allocation that follows ``allocation`` at ``flip``, whose cost is in ``prices``."""
        before = [int(allocation[node]) for node in self._order[: flip.turn]]
        return self.allocate(prices, [*before, flip.provider])

    def next_flip(self, prices: FloatArray, provider: int, allocation: IntArray) -> Flip | None:
        """Where ``allocation`` first changes as the price of ``provider`` rises from its own."""
        rivals, own = prices.copy(), np.zeros(len(prices))
        rivals[provider], own[provider] = 0.0, 1.0
        placed = np.full(len(self._order), _NOBODY)
        first: Flip | None = None
        for turn, node in enumerate(self._order):
            domain = self._problem.domains[node]
            intercept = self._added_cost(node, placed, rivals)
            slope = self._added_cost(node, placed, own)
            chosen = domain.searchsorted(allocation[node])
            crossings = np.full(len(domain), math.inf)
            flatter = slope < slope[chosen]
            rise = intercept[flatter] - intercept[chosen]
            with np.errstate(over="ignore"):  # lines so close to parallel meet nowhere
                crossings[flatter] = rise / (slope[chosen] - slope[flatter])
            nearest = int(crossings.argmin())
            if crossings[nearest] < (first.virtual_cost if first else math.inf):
                # Never behind where we stand, though rounding may put it there.
                at = max(float(crossings[nearest]), float(prices[provider]))
                first = Flip(at, turn, int(domain[nearest]))
            placed[node] = allocation[node]
        return first

    def _added_cost(self, node: int, placed: IntArray, prices: FloatArray) -> FloatArray:
        """What ``node`` adds at each provider of its domain, linear in ``prices`` (N,).

        Its own work, with the context from placed parents elsewhere, and the context that placed
        children elsewhere will have to read; what it shares with those at its provider, where
        cached input is charged.
        """
        tokens, ratio = self._problem.tokens, self._problem.input_ratio
        domain = self._problem.domains[node]
        into, out = self._edges_into[node], self._edges_from[node]
        senders, receivers = placed[tokens.source[into]], placed[tokens.target[out]]
        read = (_elsewhere(senders, domain) * tokens.transfer[into]).sum(axis=1)
        work = tokens.output[node] + ratio[domain] * (tokens.entry_input[node] + read)
        resent = (prices * ratio)[receivers] * tokens.transfer[out]
        added: FloatArray = prices[domain] * work
        added += (_elsewhere(receivers, domain) * resent).sum(axis=1)
        if self._problem.hit_ratio is not None:
            reused = (senders == domain[:, None]) @ tokens.transfer[into]
            reused += (receivers == domain[:, None]) @ tokens.transfer[out]
            added += (prices * self._problem.hit_ratio)[domain] * reused
        return added


def _elsewhere(neighbours: IntArray, domain: IntArray) -> IntArray:
    """(candidates, neighbours): 1 where the neighbour is placed, and at someone else."""
    cut = (neighbours != domain[:, None]) & (neighbours != _NOBODY)
    counted: IntArray = cut.astype(np.intp)
    return counted
