"""A numpy copy of a river Hoeffding tree, for predicting many rows at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FlatTree:
    """A binary tree with numeric splits as parallel arrays; node 0 is the root.

    ``feature`` is -1 at a leaf, whose prediction is ``value``; elsewhere a row goes left where
    its feature is at most ``threshold``.
    """

    feature: npt.NDArray[np.intp]
    threshold: Floats
    left: npt.NDArray[np.intp]
    right: npt.NDArray[np.intp]
    value: Floats

    @classmethod
    def of(cls, tree: Any, columns: Mapping[str, int]) -> FlatTree:
        """Flatten a river tree.

        Args:
            tree: a ``HoeffdingTreeRegressor`` with ``mean`` leaves that has learned.
            columns: the column of every feature.
        """
        rows: list[tuple[int, float, int, int, float]] = []

        def place(node: Any) -> int:
            index = len(rows)
            rows.append((-1, 0.0, index, index, 0.0))
            if hasattr(node, "children"):
                left, right = map(place, node.children)
                rows[index] = columns[node.feature], node.threshold, left, right, 0.0
            else:
                rows[index] = -1, 0.0, index, index, float(node.stats.mean.get())
            return index

        place(tree._root)
        feature, threshold, left, right, value = map(np.array, zip(*rows, strict=True))
        return cls(feature, threshold, left, right, value)

    def predict(self, rows: Floats) -> Floats:
        """The predictions for ``rows``, (n, features); equal to river's own, row by row."""
        if len(self.feature) == 1:
            return np.full(len(rows), self.value[0])
        node = np.zeros(len(rows), dtype=np.intp)
        inner = np.arange(len(rows))
        while len(inner):
            at = node[inner]
            goes_left = rows[inner, self.feature[at]] <= self.threshold[at]
            node[inner] = np.where(goes_left, self.left[at], self.right[at])
            inner = inner[self.feature[node[inner]] >= 0]
        return self.value[node]
