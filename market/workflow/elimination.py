"""Min-sum variable elimination: exact allocation by dynamic programming over the graph.

The objective is a sum of one table per node (its own work, and what it reads at the price of cached
input) and one per pair of neighbours (what more the context costs if they differ). Eliminating a
node adds up the tables that mention it and minimises over its provider, which leaves one table over
its remaining neighbours; walking back through the same order reads off the providers. On a tree
this is the recursion of STAR, section 4.3.1; with a min-fill order it is the junction tree
algorithm of appendix B, each of whose bags is a node with the neighbours it has left. Source:
Koller and Friedman (2009), ch. 9.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from market.workflow.allocation import AllocationProblem
from market.workflow.elimination_kernel import Network, eliminate
from market.workflow.elimination_order import min_fill_order
from market.workflow.quantities import FloatArray, IntArray, TokenCounts


class Cost(NamedTuple):
    """What one allocation by elimination takes, known before it is tried."""

    #: Entries, of eight bytes, of all tables that are kept at once.
    entries: int
    #: Additions and comparisons, roughly.
    operations: int


@dataclass(frozen=True)
class _Neighbour:
    """A neighbour that a node has left at its turn, and what is sent again if the two differ."""

    turn: int
    to_node: float
    to_neighbour: float
    coupled: bool


class EliminationPlan:
    """What elimination does on a graph, whoever takes part: which nodes meet at which turn."""

    def __init__(self, tokens: TokenCounts):
        scopes = min_fill_order(tokens)
        turn = {scope[0]: position for position, scope in enumerate(scopes)}
        self.order = tuple(scope[0] for scope in scopes)
        self.left = tuple(tuple(turn[other] for other in scope[1:]) for scope in scopes)
        self._pairs = _pairs(tokens, turn)
        self.incoming = _incoming(self.left)

    @cached_property
    def neighbours(self) -> tuple[tuple[_Neighbour, ...], ...]:
        """Of every node, by turn, the neighbours that it has left."""
        coupled = [
            {other for sender in senders for other in self.left[sender]}
            for senders in self.incoming
        ]
        return tuple(
            tuple(
                _Neighbour(
                    other, *self._pairs.get((node, other), (0.0, 0.0)), other in coupled[node]
                )
                for other in left
            )
            for node, left in enumerate(self.left)
        )

    def cost(self, domain_sizes: Sequence[int]) -> Cost:
        """The cost of one allocation where so many providers can run each node."""
        size = [domain_sizes[node] for node in self.order]
        entries = operations = 0
        for node, neighbours in enumerate(self.neighbours):
            choices = math.prod(size[other.turn] for other in neighbours)
            coupled = [other for other in neighbours if other.coupled]
            loose = len(neighbours) - len(coupled)
            entries += choices
            operations += choices * (1 + loose * loose)
            sums = math.prod(size[other.turn] for other in coupled) * size[node]
            operations += sums * (1 + len(coupled) + len(self.incoming[node]))
        return Cost(entries, operations)


class Elimination:
    """Variable elimination for one problem.

    Among optimal allocations it takes the first in canonical order: the last node of the order
    gets the first provider it can have, then the node before it, and so on.
    """

    name = "elimination"

    def __init__(self, problem: AllocationProblem, plan: EliminationPlan):
        self.problem = problem
        self._order = np.array(plan.order)
        self._providers = np.flatnonzero(problem.meets.any(axis=1))
        self._network = _network(problem, plan, self._providers)

    def allocate(self, prices: FloatArray) -> IntArray:
        """An optimal allocation for every row of ``prices``, see ``AllocationSolver``."""
        net, providers = self._network, self._providers
        taking_part = np.ascontiguousarray(prices[:, providers], dtype=np.float64)
        ratio, hit = self.problem.input_ratio[providers], self.problem.hit_ratio
        cached = np.zeros_like(ratio) if hit is None else hit[providers]
        choice = eliminate(net, taking_part, ratio, cached)
        allocation = np.empty_like(choice)
        allocation[:, self._order] = providers[net.domain[net.domain_start[:-1] + choice]]
        return allocation


def _network(problem: AllocationProblem, plan: EliminationPlan, providers: IntArray) -> Network:
    """The network among ``providers`` (K,), who are all that take part, numbered anew."""
    order = list(plan.order)
    able = problem.meets[providers][:, problem.requirement[order]].T
    size = able.sum(axis=1).tolist()
    position = np.where(able, able.cumsum(axis=1) - 1, -1)
    neighbours = [other for left in plan.neighbours for other in left]
    strides = [_strides([size[other] for other in left]) for left in plan.left]
    return Network(
        output=problem.tokens.output[order],
        entry_input=problem.tokens.entry_input[order],
        received=problem.tokens.received[order],
        domain_start=_starts(size),
        domain=np.ascontiguousarray(np.nonzero(able)[1]),  # one layout, one compilation
        position=np.ascontiguousarray(position),
        neighbour_start=_starts([len(left) for left in plan.left]),
        neighbour=np.array([other.turn for other in neighbours], dtype=np.intp),
        stride=np.array([stride for of_node in strides for stride in of_node[:-1]], dtype=np.intp),
        to_node=np.array([other.to_node for other in neighbours], dtype=np.float64),
        to_neighbour=np.array([other.to_neighbour for other in neighbours], dtype=np.float64),
        coupled=np.array([other.coupled for other in neighbours], dtype=np.bool_),
        incoming_start=_starts([len(senders) for senders in plan.incoming]),
        incoming=np.array([s for senders in plan.incoming for s in senders], dtype=np.intp),
        message_start=_starts([of_node[-1] for of_node in strides]),
    )


def _pairs(tokens: TokenCounts, turn: dict[int, int]) -> dict[tuple[int, int], tuple[float, float]]:
    """Per pair of neighbours by turn, the earlier first: tokens to the one, to the other."""
    pairs: dict[tuple[int, int], tuple[float, float]] = {}
    edges = (tokens.source.tolist(), tokens.target.tolist(), tokens.transfer.tolist())
    for source, target, transfer in zip(*edges, strict=True):
        one, other = turn[source], turn[target]
        forward = one < other
        pair = (one, other) if forward else (other, one)
        to_one, to_other = pairs.get(pair, (0.0, 0.0))
        if forward:
            pairs[pair] = (to_one, to_other + transfer)
        else:
            pairs[pair] = (to_one + transfer, to_other)
    return pairs


def _incoming(left: Sequence[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    """Of every node, the nodes whose message comes to it: it is the first that they have left."""
    incoming: list[list[int]] = [[] for _ in left]
    for node, others in enumerate(left):
        if others:
            incoming[others[0]].append(node)
    return tuple(tuple(senders) for senders in incoming)


def _starts(sizes: Sequence[int]) -> IntArray:
    return np.cumsum([0, *sizes], dtype=np.intp)


def _strides(sizes: Sequence[int]) -> list[int]:
    """The strides of a table whose first axis runs fastest, and behind them its size."""
    strides = [1]
    for size in sizes:
        strides.append(strides[-1] * size)
    return strides
