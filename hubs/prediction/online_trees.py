"""River Hoeffding trees whose leaves lean on a prior, evaluated for many pairs at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from river import tree

from hubs.prediction.flat_trees import FlatTrees, nodes_of
from hubs.prediction.params import PredictorParams
from hubs.prediction.shrunk_mean import Prior, shrunk_mean, standard_error

Floats = npt.NDArray[np.float64]

# Bins of river's quantised splitter: features are scaled so that a tenth is a fine step.
SPLIT_RADIUS = 0.1


class OnlineTrees:
    """As many trees as there are columns, each of which learns on its own.

    Args:
        columns: how many.
        names: the features, in the order in which rows have them.
        params: how to learn.
        prior: what is believed before any label, in every leaf.
    """

    def __init__(self, columns: int, names: Sequence[str], params: PredictorParams, prior: Prior):
        self.trees = [_river_tree(params) for _ in range(columns)]
        self._names = names
        self._places = {name: place for place, name in enumerate(names)}
        self._prior = prior
        self._nodes = [nodes_of(one, self._places) for one in self.trees]
        self._changed: set[int] = set()
        self._flat, self._means = self._flattened()

    def predict(self, rows: Floats) -> Floats:
        """(n, columns), predictions for ``rows``, (n, columns, features)."""
        self._refresh()
        return self._means[self._flat.leaves(rows)]

    def error(self, rows: Floats) -> Floats:
        """(n, columns), the standard errors of the predictions for ``rows``."""
        self._refresh()
        flat = self._flat
        errors = standard_error(self._prior, flat.labels, flat.mean, flat.squares)
        return errors[flat.leaves(rows)]

    def learn(self, column: int, row: Floats, label: float) -> None:
        """One label of the tree of a column, for ``row``, (features,)."""
        self.trees[column].learn_one(dict(zip(self._names, row.tolist(), strict=True)), label)
        self._changed.add(column)

    def _refresh(self) -> None:
        """Copy the trees that have learned since."""
        if self._changed:
            for column in self._changed:
                self._nodes[column] = nodes_of(self.trees[column], self._places)
            self._changed.clear()
            self._flat, self._means = self._flattened()

    def _flattened(self) -> tuple[FlatTrees, Floats]:
        """A copy of all trees, and what each of its nodes predicts."""
        flat = FlatTrees.of(self._nodes)
        return flat, shrunk_mean(self._prior, flat.labels, flat.mean)


def _river_tree(params: PredictorParams) -> tree.HoeffdingTreeRegressor:
    return tree.HoeffdingTreeRegressor(
        grace_period=params.grace_period,
        max_depth=params.max_depth,
        delta=params.split_delta,
        tau=params.split_tau,
        leaf_prediction="mean",
        splitter=tree.splitter.QOSplitter(radius=SPLIT_RADIUS),
    )
