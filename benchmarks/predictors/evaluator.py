"""Trees copied to numpy against river's own evaluation of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hubs.prediction import PredictorParams
from hubs.prediction.features import PairFeatures
from hubs.prediction.flat_trees import FlatTrees, nodes_of
from hubs.prediction.online_trees import OnlineTrees
from hubs.prediction.shrunk_mean import Prior

Floats = npt.NDArray[np.float64]

REPETITIONS = 7


@dataclass(frozen=True)
class Evaluation:
    """One comparison; seconds are the best of several repetitions.

    Attributes:
        pairs: predicted.
        leaves: of the trees on average, which says that they have split.
        river_s: ``predict_one`` for every pair, features already in river's form.
        flat_s: all pairs in the copy.
        copy_s: making the copy of all trees.
        largest_gap: between the two answers.
    """

    pairs: int
    leaves: float
    river_s: float
    flat_s: float
    copy_s: float
    largest_gap: float

    @property
    def ratio(self) -> float:
        """How many times as fast the copy is, its making not counted."""
        return self.river_s / self.flat_s


def evaluate(providers: int, labels: int, requests: int, seed: int) -> Evaluation:
    """Compare the evaluations of trees that learned ``labels`` labels each.

    Args:
        providers: how many trees.
        labels: of each: a wait that grows with the load of its provider, differently for each.
        requests: predicted at every provider.
        seed: of all draws.
    """
    rng = np.random.default_rng(seed)
    names = PairFeatures([], ("code", "law", "medicine"), with_capacity=False).names
    trees = OnlineTrees(providers, names, PredictorParams(), Prior(0.0, 0.0, 1.0))
    slope = rng.uniform(0.5, 3.0, (providers, len(names)))
    for _ in range(labels):
        rows = rng.uniform(0.0, 4.0, (providers, len(names)))
        waits = (slope * (rows > 2.0)).sum(axis=1) + rng.exponential(1.0, providers)
        for column in range(providers):
            trees.learn(column, rows[column], float(waits[column]))
    asked = rng.uniform(0.0, 4.0, (requests, providers, len(names)))
    places = {name: place for place, name in enumerate(names)}

    def copied() -> FlatTrees:
        return FlatTrees.of([nodes_of(one, places) for one in trees.trees])

    flat = copied()
    as_river = [[dict(zip(names, row, strict=True)) for row in rows] for rows in asked.tolist()]

    def river() -> Floats:
        answers = [
            [tree.predict_one(row) for tree, row in zip(trees.trees, rows, strict=True)]
            for rows in as_river
        ]
        return np.array(answers)

    return Evaluation(
        pairs=requests * providers,
        leaves=float(np.mean([tree.n_leaves for tree in trees.trees])),
        river_s=_best_s(river),
        flat_s=_best_s(lambda: flat.predict(asked)),
        copy_s=_best_s(copied),
        largest_gap=float(np.abs(river() - flat.predict(asked)).max()),
    )


def _best_s(work: Callable[[], object]) -> float:
    """Seconds of the fastest repetition."""
    seconds = []
    for _ in range(REPETITIONS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)
