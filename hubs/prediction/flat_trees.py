"""A numpy copy of river Hoeffding trees, one a provider, for predicting many pairs at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAF = -1


class Node(NamedTuple):
    """A node of one tree; ``left`` and ``right`` are places in its list of nodes.

    At a leaf ``feature`` is -1, ``mean`` is that of its labels, which is river's prediction,
    ``labels`` how many they are, ``squares`` the sum of their squared deviations from it.
    """

    feature: int = LEAF
    threshold: float = 0.0
    left: int = 0
    right: int = 0
    mean: float = 0.0
    labels: float = 0.0
    squares: float = 0.0


def nodes_of(tree: Any, columns: Mapping[str, int]) -> list[Node]:
    """The nodes of a river tree, its root first; a tree that has not learned is an empty leaf.

    Args:
        tree: a ``HoeffdingTreeRegressor`` with ``mean`` leaves.
        columns: the column of every feature.
    """
    nodes: list[Node] = []

    def place(node: Any) -> int:
        index = len(nodes)
        if hasattr(node, "children"):
            nodes.append(Node())  # its children come after it, and say where they are
            left, right = map(place, node.children)
            nodes[index] = Node(columns[node.feature], node.threshold, left, right)
        else:
            nodes.append(_leaf(node.stats))
        return index

    if tree._root is None:
        return [Node()]
    place(tree._root)
    return nodes


def _leaf(stats: Any) -> Node:
    """A leaf by river's running variance of its labels."""
    labels = float(stats.mean.n)
    # a leaf that a split made has its parent's figures less its sibling's, which may round below 0
    squares = max(float(stats.get()) * (labels - 1), 0.0)
    return Node(mean=float(stats.mean.get()), labels=labels, squares=squares)


@dataclass(frozen=True)
class FlatTrees:
    """Binary trees with numeric splits, their nodes as parallel arrays, one tree after the other.

    ``roots`` are where they begin, ``depth`` is the most splits that a row passes. A row goes to
    the first of the two ``children`` of a node where its feature is at most the threshold. Leaves
    are their own children, so that all rows take as many steps.
    """

    roots: npt.NDArray[np.intp]
    depth: int
    feature: npt.NDArray[np.intp]
    threshold: Floats
    children: npt.NDArray[np.intp]
    mean: Floats
    labels: Floats
    squares: Floats

    @classmethod
    def of(cls, trees: Sequence[Sequence[Node]]) -> FlatTrees:
        """Join the nodes of trees, as ``nodes_of`` gives them."""
        sizes = [len(nodes) for nodes in trees]
        roots = np.cumsum([0, *sizes[:-1]])
        table = np.array([node for nodes in trees for node in nodes]).T
        own = np.arange(table.shape[1])
        feature = table[0].astype(np.intp)
        pairs = table[2:4].astype(np.intp) + np.repeat(roots, sizes)
        children = np.where(feature == LEAF, own, pairs)
        return cls(
            roots=roots,
            depth=_depth(roots, children),
            feature=np.maximum(feature, 0),
            threshold=table[1],
            children=children.T.ravel(),
            mean=table[4],
            labels=table[5],
            squares=table[6],
        )

    def leaves(self, rows: Floats) -> npt.NDArray[np.intp]:
        """(n, trees), the leaves that ``rows``, (n, trees, features), come to in their trees."""
        node = np.tile(self.roots, len(rows))
        flat = rows.ravel()
        first = np.arange(len(node)) * rows.shape[2]
        for _ in range(self.depth):
            right = flat.take(first + self.feature.take(node)) > self.threshold.take(node)
            node = self.children.take(2 * node + right)
        return node.reshape(rows.shape[:2])

    def predict(self, rows: Floats) -> Floats:
        """(n, trees), equal to river's own predictions for ``rows``, (n, trees, features)."""
        return self.mean[self.leaves(rows)]


def _depth(roots: npt.NDArray[np.intp], children: npt.NDArray[np.intp]) -> int:
    """The splits between a root and its furthest leaf; ``children`` are (2, nodes)."""
    depth = 0
    level = roots
    while len(split := level[children[0, level] != level]):
        level = children[:, split].ravel()
        depth += 1
    return depth
