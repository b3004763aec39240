"""Random workflows of a known treewidth.

A k-tree starts as k + 1 nodes that are all joined; every further node is joined to k nodes that
are joined themselves. A subgraph of it has at most its treewidth, k. Source: Bodlaender (1998).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from market.workflow import Edge, Node, Workflow

#: The share of edges of a k-tree that are left out, but those of its first k + 1 nodes.
_LEFT_OUT = 0.2

_MEDIAN_OUTPUT_TOKENS = 10_000.0
_ENTRY_INPUT_TOKENS = 2_000.0


def partial_k_tree(nodes: int, width: int, rng: np.random.Generator) -> Workflow:
    """A connected workflow of ``nodes`` > ``width`` nodes whose treewidth is exactly ``width``.

    Edges lead from earlier nodes to later ones. Output lengths are log-normal about 10,000 tokens,
    difficulties 1-3; an edge carries all that its source wrote.
    """
    edges = [(source, target) for target in range(width + 1) for source in range(target)]
    bags = [list(range(width + 1))]
    for node in range(width + 1, nodes):
        bag = bags[int(rng.integers(len(bags)))]
        parents = [int(parent) for parent in rng.permutation(bag)[:width]]
        bags.append([*parents, node])
        kept = parents[:1] + [p for p in parents[1:] if rng.random() >= _LEFT_OUT]
        edges += [(parent, node) for parent in sorted(kept)]
    _check_width(nodes, edges, width)
    output = np.rint(_MEDIAN_OUTPUT_TOKENS * rng.lognormal(size=nodes)).tolist()
    entries = set(range(nodes)) - {target for _, target in edges}
    return Workflow(
        tuple(
            Node(
                id=f"n{node}",
                output_tokens=output[node],
                input_tokens=_ENTRY_INPUT_TOKENS if node in entries else 0.0,
                difficulty=int(rng.integers(1, 4)),
            )
            for node in range(nodes)
        ),
        tuple(Edge(f"n{source}", f"n{target}", output[source]) for source, target in edges),
    )


def elimination_width(order: Iterable[int], edges: Iterable[tuple[int, int]]) -> int:
    """The most neighbours that a node has left at its turn: at least the treewidth."""
    left: dict[int, set[int]] = {node: set() for node in order}
    turns = list(left)
    for source, target in edges:
        left[source].add(target)
        left[target].add(source)
    width = 0
    for node in turns:
        neighbours = left.pop(node)
        width = max(width, len(neighbours))
        for neighbour in neighbours:
            left[neighbour] |= neighbours
            left[neighbour] -= {node, neighbour}
    return width


def _check_width(nodes: int, edges: Iterable[tuple[int, int]], width: int) -> None:
    """The order in which a k-tree was built, backwards, shows that its width is no higher.

    It is no lower because of the k + 1 nodes that are all joined.
    """
    found = elimination_width(range(nodes - 1, -1, -1), edges)
    if found != width:
        raise RuntimeError(f"expected an elimination order of width {width}, got {found}")
