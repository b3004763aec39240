"""Min-sum variable elimination: exact allocation by dynamic programming over the graph.

The objective is a sum of one table per node (its own work) and one per pair of neighbours (the
context that is sent again if they differ). Eliminating a node adds up the tables that mention it
and minimises over its provider, which leaves one table over its remaining neighbours; walking
back through the same order reads off the providers. On a tree this is the recursion of STAR,
section 4.3.1; with a min-fill order it is the junction tree algorithm of appendix B, each of
whose bags is a node with the neighbours it has left. Source: Koller and Friedman (2009), ch. 9.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np

from market.workflow.allocation import AllocationProblem
from market.workflow.quantities import FloatArray, IntArray, TokenCounts

#: How many table entries, over all rows of prices, are worked on at once: what a cache holds.
_CHUNK_ENTRIES = 2**16


def min_fill_order(tokens: TokenCounts) -> tuple[tuple[int, ...], ...]:
    """The scopes of an elimination order: each a node, then its neighbours left at its turn.

    The next node is the one whose elimination joins the fewest pairs of its neighbours, then the
    one with the fewest neighbours, then the first. Only the graph decides, never a bid. The
    neighbours stand in the order in which they are eliminated later.
    """
    left: dict[int, set[int]] = {node: set() for node in range(len(tokens.output))}
    for source, target in zip(tokens.source.tolist(), tokens.target.tolist(), strict=True):
        left[source].add(target)
        left[target].add(source)
    fill = {node: _fill(left, node) for node in left}
    queue = [(fill[node], len(left[node]), node) for node in left]
    heapify(queue)
    eliminated: list[tuple[int, set[int]]] = []
    while left:
        entry = heappop(queue)
        node = entry[-1]
        if node not in left or entry != (fill[node], len(left[node]), node):
            continue
        neighbours = left.pop(node)
        eliminated.append((node, neighbours))
        changed = set(neighbours)
        for neighbour in neighbours:
            left[neighbour] |= neighbours
            left[neighbour] -= {node, neighbour}
            changed |= left[neighbour] if fill[node] else set()
        for node in changed:
            fill[node] = _fill(left, node)
            heappush(queue, (fill[node], len(left[node]), node))
    turn = {node: position for position, (node, _) in enumerate(eliminated)}
    return tuple(
        (node, *sorted(neighbours, key=turn.__getitem__)) for node, neighbours in eliminated
    )


def _fill(graph: dict[int, set[int]], node: int) -> int:
    """How many pairs of the neighbours of ``node`` are not neighbours themselves, twice."""
    neighbours = graph[node]
    return sum(len(neighbours - graph[neighbour]) - 1 for neighbour in neighbours)


@dataclass(frozen=True)
class _Term:
    """A table that takes part in a step: where it is kept and how it lines up with the scope."""

    slot: int
    scope: tuple[int, ...]
    spread: tuple[Any, ...]


@dataclass(frozen=True)
class _Step:
    """The elimination of ``scope[0]``; its message over the rest of the scope goes to ``slot``."""

    scope: tuple[int, ...]
    terms: tuple[_Term, ...]
    slot: int


class EliminationPlan:
    """What elimination does on a graph, whoever takes part: which tables meet at which step."""

    def __init__(self, tokens: TokenCounts):
        order = min_fill_order(tokens)
        self.pairs = _neighbour_pairs(tokens, order)
        self.steps = _steps(order, list(self.pairs))

    def table_entries(self, domain_sizes: Sequence[int]) -> int:
        """The entries of the largest table: the cost of the plan, known before solving.

        A node that only one provider can run counts as two entries: it needs an axis of the array
        all the same, and arrays have few.
        """
        return max(
            math.prod(max(domain_sizes[node], 2) for node in step.scope) for step in self.steps
        )


class Elimination:
    """Variable elimination for one problem.

    Among optimal allocations it takes the first in canonical order: the last node of the order
    gets the first provider it can have, then the node before it, and so on.
    """

    name = "elimination"

    def __init__(self, problem: AllocationProblem, plan: EliminationPlan):
        self.problem = problem
        self._plan = plan
        self._rows_at_once = max(1, _CHUNK_ENTRIES // plan.table_entries(problem.domain_sizes))

    def allocate(self, prices: FloatArray) -> IntArray:
        """An optimal allocation for every row of ``prices``, see ``AllocationSolver``."""
        chunks = range(0, len(prices), self._rows_at_once)
        return np.concatenate(
            [self._allocate_chunk(prices[start : start + self._rows_at_once]) for start in chunks]
        )

    def _allocate_chunk(self, prices: FloatArray) -> IntArray:
        tables = self._cost_tables(prices)
        for step in self._plan.steps:
            total = _sum([tables[term.slot][term.spread] for term in step.terms])
            tables[step.slot] = total.min(axis=1)

        row = np.arange(len(prices))
        choice = np.empty((len(prices), len(self.problem.domains)), dtype=np.intp)
        for step in reversed(self._plan.steps):
            node = step.scope[0]
            costs = _sum([tables[term.slot][_at(row, choice, term.scope)] for term in step.terms])
            choice[:, node] = costs.argmin(axis=1)
        return np.stack(
            [domain[choice[:, node]] for node, domain in enumerate(self.problem.domains)], axis=1
        )

    def _cost_tables(self, prices: FloatArray) -> dict[int, FloatArray]:
        """The tables of the objective by slot: (B, M_v) of node v, (B, M_v, M_w) of a pair."""
        tokens, domains = self.problem.tokens, self.problem.domains
        input_prices = prices * self.problem.input_ratio
        tables = {
            node: prices[:, domain] * tokens.output[node]
            + input_prices[:, domain] * tokens.entry_input[node]
            for node, domain in enumerate(domains)
        }
        for slot, ((one, other), (to_one, to_other)) in enumerate(
            self._plan.pairs.items(), start=len(domains)
        ):
            differ = domains[one][:, None] != domains[other]
            at_one = input_prices[:, domains[one], None] * to_one
            at_other = input_prices[:, None, domains[other]] * to_other
            tables[slot] = differ * (at_one + at_other)
        return tables


def _neighbour_pairs(
    tokens: TokenCounts, order: Iterable[Sequence[int]]
) -> dict[tuple[int, int], tuple[float, float]]:
    """Per pair of neighbours, the earlier eliminated first: tokens to the one, to the other."""
    turn = {scope[0]: position for position, scope in enumerate(order)}
    pairs: dict[tuple[int, int], tuple[float, float]] = {}
    edges = (tokens.source.tolist(), tokens.target.tolist(), tokens.transfer.tolist())
    for source, target, transfer in zip(*edges, strict=True):
        forward = turn[source] < turn[target]
        pair = (source, target) if forward else (target, source)
        to_one, to_other = pairs.get(pair, (0.0, 0.0))
        if forward:
            pairs[pair] = (to_one, to_other + transfer)
        else:
            pairs[pair] = (to_one + transfer, to_other)
    return pairs


def _steps(order: Sequence[tuple[int, ...]], pairs: Sequence[tuple[int, int]]) -> tuple[_Step, ...]:
    """Which tables meet at which elimination. Slots: the nodes, the pairs, then the messages."""
    waiting: dict[int, list[tuple[int, tuple[int, ...]]]] = {
        scope[0]: [(scope[0], (scope[0],))] for scope in order
    }
    for slot, pair in enumerate(pairs, start=len(order)):
        waiting[pair[0]].append((slot, pair))
    steps = []
    for message, scope in enumerate(order, start=len(order) + len(pairs)):
        terms = [
            _Term(slot, own, (slice(None), *(slice(None) if v in own else None for v in scope)))
            for slot, own in waiting.pop(scope[0])
        ]
        steps.append(_Step(scope, tuple(terms), message))
        if len(scope) > 1:
            waiting[scope[1]].append((message, scope[1:]))
    return tuple(steps)


def _at(row: IntArray, choice: IntArray, scope: tuple[int, ...]) -> tuple[Any, ...]:
    """The index that leaves (B, M_v) of a table over ``scope``, all but its first node chosen."""
    return (row, slice(None), *(choice[:, other] for other in scope[1:]))


def _sum(tables: Sequence[FloatArray]) -> FloatArray:
    """The tables added up, always from the first, so that equal terms give equal sums."""
    total = tables[0]
    for table in tables[1:]:
        total = total + table
    return total
