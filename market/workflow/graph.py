"""The workflow graph: sub-tasks, the context that passes between them, and how often each runs.

Source: STAR, section 3.1. The paper's graphs run every node once; an edge that carries
``iterations`` is this project's notation for a loop that runs a known number of times.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from market.errors import BadInput
from market.fields import Fields, check_unique, shown

#: Up to here a float64 holds every whole number of tokens.
MAX_TOKENS = 2**53
#: A chain of so many is bought in seconds.
MOST_NODES = 100_000
MOST_EDGES = 500_000
#: Each loop is walked, and asked for every node and edge; this many times take seconds.
MOST_LOOP_STEPS = 2_000_000
MOST_LOOPS = 1000


@dataclass(frozen=True)
class Node:
    """One sub-task of a workflow.

    ``output_tokens`` are generated in one execution; ``input_tokens`` come from outside the
    workflow and are charged at entry nodes only. A provider is capable of the node if its tier is
    at least ``difficulty``, or if ``capable`` names it: exactly one of the two is given.
    """

    id: str
    output_tokens: float
    input_tokens: float = 0.0
    difficulty: int | None = None
    capable: frozenset[str] | None = None

    def __post_init__(self) -> None:
        fields = Fields(vars(self), f"node {self.id!r}")
        fields.text("id")
        fields.number("output_tokens", low=0, high=MAX_TOKENS)
        fields.number("input_tokens", low=0, high=MAX_TOKENS)
        if (self.difficulty is None) == (self.capable is None):
            got = "neither" if self.difficulty is None else "both"
            where = fields.place("difficulty")
            raise BadInput(where, f"expected exactly one of difficulty and capable, got {got}")
        if self.difficulty is not None:
            fields.integer("difficulty", low=1)

    @property
    def requirement(self) -> str:
        """What the node asks of a provider, in words."""
        if self.capable is None:
            return f"a provider of tier >= {self.difficulty}"
        return f"one of the providers {sorted(self.capable)}"


@dataclass(frozen=True)
class Edge:
    """Context of ``transfer_tokens`` that passes from ``source`` to ``target`` in one execution.

    With ``iterations`` it is a feedback edge: it closes a loop that runs that many times.
    """

    source: str
    target: str
    transfer_tokens: float
    iterations: int | None = None

    def __post_init__(self) -> None:
        fields = Fields(vars(self), f"edge {self.source!r} -> {self.target!r}")
        fields.text("source")
        fields.text("target")
        fields.number("transfer_tokens", low=0, high=MAX_TOKENS)
        if self.iterations is not None:
            fields.integer("iterations", low=1)
        if self.source == self.target:
            problem = f"expected another node than the source, got {self.target!r}"
            raise BadInput(fields.place("target"), problem)


class _Loop(NamedTuple):
    edge: int
    iterations: int
    nodes: frozenset[str]


@dataclass(frozen=True)
class Workflow:
    """A directed graph of sub-tasks, checked on construction.

    Cycles and several components are allowed, two edges between the same nodes in the same
    direction are not (one edge carries the sum of their tokens).
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()

    def __post_init__(self) -> None:
        if not self.nodes:
            raise BadInput("nodes", "expected at least one node")
        check_size(len(self.nodes), len(self.edges))
        check_unique("nodes", [node.id for node in self.nodes])
        self._check_endpoints()
        self._check_loops()
        self._check_executed_tokens()

    @cached_property
    def index(self) -> Mapping[str, int]:
        """The position of every node."""
        return {node.id: position for position, node in enumerate(self.nodes)}

    @cached_property
    def parents(self) -> Mapping[str, tuple[str, ...]]:
        """Of every node, the sources of its ordinary edges, in the order of the edges."""
        return _neighbours(self.nodes, [(edge.target, edge.source) for edge in self._ordinary])

    @cached_property
    def entry_nodes(self) -> tuple[str, ...]:
        """The nodes that no ordinary edge leads to, in the order of the nodes."""
        return tuple(node.id for node in self.nodes if not self.parents[node.id])

    @cached_property
    def node_executions(self) -> tuple[int, ...]:
        """How often every node runs: the product of the iterations of the loops around it."""
        return tuple(
            math.prod(loop.iterations for loop in self._loops if node.id in loop.nodes)
            for node in self.nodes
        )

    @cached_property
    def edge_executions(self) -> tuple[int, ...]:
        """How often every edge is passed: as often as the loops that hold both its ends run.

        A feedback edge leads from one iteration to the next, so its own loop of k iterations
        passes it k - 1 times.
        """
        return tuple(
            math.prod(
                loop.iterations - (loop.edge == index)
                for loop in self._loops
                if edge.source in loop.nodes and edge.target in loop.nodes
            )
            for index, edge in enumerate(self.edges)
        )

    def scaled(self, node_factors: Sequence[float], edge_factors: Sequence[float]) -> Workflow:
        """The workflow with the output of each node and the context of each edge times a factor.

        The external input stays as it is. Raises ``BadInput`` where a length leaves its bounds.
        """
        nodes = tuple(
            replace(node, output_tokens=node.output_tokens * factor)
            for node, factor in zip(self.nodes, node_factors, strict=True)
        )
        edges = tuple(
            replace(edge, transfer_tokens=edge.transfer_tokens * factor)
            for edge, factor in zip(self.edges, edge_factors, strict=True)
        )
        return Workflow(nodes, edges)

    @cached_property
    def _ordinary(self) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.edges if edge.iterations is None)

    @cached_property
    def _children(self) -> Mapping[str, tuple[str, ...]]:
        return _neighbours(self.nodes, [(edge.source, edge.target) for edge in self._ordinary])

    @cached_property
    def _loops(self) -> tuple[_Loop, ...]:
        """The loops that the feedback edges close; one without nodes is bad input."""
        loops = []
        for index, edge in enumerate(self.edges):
            if edge.iterations is not None:
                ahead = _reachable(edge.target, self._children)
                behind = _reachable(edge.source, self.parents)
                loops.append(_Loop(index, edge.iterations, frozenset(ahead & behind)))
        return tuple(loops)

    def _check_loops(self) -> None:
        loops = len(self.edges) - len(self._ordinary)
        most = min(MOST_LOOPS, MOST_LOOP_STEPS // (len(self.nodes) + len(self.edges)))
        if loops > most:
            problem = f"expected at most {most} edges with iterations in a graph of this size"
            raise BadInput("edges", f"{problem}, got {loops}")
        for loop in self._loops:
            if not loop.nodes:
                edge = self.edges[loop.edge]
                problem = "expected a loop to close, but ordinary edges do not lead from"
                problem += f" {edge.target!r} to {edge.source!r}"
                raise BadInput(f"edges.{loop.edge}.iterations", problem)

    def _check_endpoints(self) -> None:
        first: dict[tuple[str, str], int] = {}
        for index, edge in enumerate(self.edges):
            for key, end in (("source", edge.source), ("target", edge.target)):
                if end not in self.index:
                    raise BadInput(
                        f"edges.{index}.{key}", f"expected the id of a node, got {end!r}"
                    )
            ends = (edge.source, edge.target)
            if ends in first:
                problem = (
                    f"{edge.source!r} -> {edge.target!r} stands already at edges.{first[ends]}"
                )
                raise BadInput(
                    f"edges.{index}.target", f"{problem}; add their tokens into one edge"
                )
            first[ends] = index

    def _check_executed_tokens(self) -> None:
        for index, (node, count) in enumerate(zip(self.nodes, self.node_executions, strict=True)):
            _check_executed(f"nodes.{index}.output_tokens", node.output_tokens, count)
            _check_executed(f"nodes.{index}.input_tokens", node.input_tokens, count)
        for index, (edge, count) in enumerate(zip(self.edges, self.edge_executions, strict=True)):
            _check_executed(f"edges.{index}.transfer_tokens", edge.transfer_tokens, count)


def check_size(nodes: int, edges: int) -> None:
    """Raise ``BadInput`` if a workflow has more nodes or edges than can be worked on."""
    for key, got, most in (("nodes", nodes, MOST_NODES), ("edges", edges, MOST_EDGES)):
        if got > most:
            raise BadInput(key, f"expected at most {most}, got {got}")


def _check_executed(where: str, tokens: float, count: int) -> None:
    if count > MAX_TOKENS or tokens * count > MAX_TOKENS:
        problem = f"expected at most {MAX_TOKENS} tokens over all executions"
        raise BadInput(where, f"{problem}, got {tokens:g} tokens {shown(count)} times")


def _neighbours(
    nodes: Sequence[Node], pairs: Sequence[tuple[str, str]]
) -> Mapping[str, tuple[str, ...]]:
    lists: dict[str, list[str]] = {node.id: [] for node in nodes}
    for node, neighbour in pairs:
        lists[node].append(neighbour)
    return {node: tuple(neighbours) for node, neighbours in lists.items()}


def _reachable(start: str, neighbours: Mapping[str, tuple[str, ...]]) -> set[str]:
    reached = {start}
    stack = [start]
    while stack:
        for node in neighbours[stack.pop()]:
            if node not in reached:
                reached.add(node)
                stack.append(node)
    return reached
