"""The order in which nodes are eliminated: it decides what elimination costs."""

from __future__ import annotations

from functools import lru_cache
from heapq import heapify, heappop, heappush

from market.workflow.quantities import TokenCounts


def min_fill_order(tokens: TokenCounts) -> tuple[tuple[int, ...], ...]:
    """The scopes of an elimination order: each a node, then its neighbours left at its turn.

    The next node is the one whose elimination joins the fewest pairs of its neighbours, then the
    one with the fewest neighbours, then the first. Only the graph decides, never a bid. The
    neighbours stand in the order in which they are eliminated later.
    """
    edges = zip(tokens.source.tolist(), tokens.target.tolist(), strict=True)
    return _min_fill(len(tokens.output), tuple(edges))


@lru_cache(maxsize=64)
def _min_fill(nodes: int, edges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, ...], ...]:
    left: dict[int, set[int]] = {node: set() for node in range(nodes)}
    for source, target in edges:
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
        for changed in _joined(left, fill, node, neighbours):
            heappush(queue, (fill[changed], len(left[changed]), changed))
    turn = {node: position for position, (node, _) in enumerate(eliminated)}
    return tuple(
        (node, *sorted(neighbours, key=turn.__getitem__)) for node, neighbours in eliminated
    )


def _joined(
    left: dict[int, set[int]], fill: dict[int, int], node: int, neighbours: set[int]
) -> set[int]:
    """Join the neighbours of ``node``, which has left; the nodes whose place may have changed."""
    if not fill[node]:  # they are joined already, and only lose a neighbour
        for neighbour in neighbours:
            fill[neighbour] -= 2 * (len(left[neighbour]) - len(neighbours))
            left[neighbour].discard(node)
        return neighbours
    changed = set(neighbours)
    for neighbour in neighbours:
        left[neighbour] |= neighbours
        left[neighbour] -= {node, neighbour}
        changed |= left[neighbour]
    for other in changed:
        fill[other] = _fill(left, other)
    return changed


def _fill(graph: dict[int, set[int]], node: int) -> int:
    """How many pairs of the neighbours of ``node`` are not neighbours themselves, twice."""
    neighbours = graph[node]
    return sum(len(neighbours) - len(neighbours & graph[neighbour]) - 1 for neighbour in neighbours)
