import numpy as np
import pytest
from river import tree

from hubs.prediction.flat_trees import FlatTrees, Node, nodes_of

NAMES = ("a", "b", "c", "hot")
COLUMNS = {name: column for column, name in enumerate(NAMES)}
ROWS = 2500


def rows_drawn(seed: int, count: int = ROWS) -> np.ndarray:
    """Features of several scales, one of them 0 or 1."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(0.0, [1.0, 10.0, 0.2], (count, 3)).round(3)
    return np.column_stack([numbers, rng.integers(0, 2, count)])


def as_river(row: np.ndarray) -> dict[str, float]:
    return dict(zip(NAMES, row.tolist(), strict=True))


def regressor(seed: int, **options) -> tuple[tree.HoeffdingTreeRegressor, np.ndarray]:
    """A trained tree, and the rows that it has learned."""
    model = tree.HoeffdingTreeRegressor(
        grace_period=50,
        leaf_prediction="mean",
        splitter=tree.splitter.QOSplitter(radius=0.1),
        **options,
    )
    rows = rows_drawn(seed)
    noise = np.random.default_rng(seed + 100).normal(0, 0.1, ROWS)
    labels = 3.0 * (rows[:, 0] > 0) + np.abs(rows[:, 1]) + 2.0 * rows[:, 3] + noise
    for row, label in zip(rows, labels.tolist(), strict=True):
        model.learn_one(as_river(row), label)
    return model, rows


def flat_of(*models: tree.HoeffdingTreeRegressor) -> FlatTrees:
    return FlatTrees.of([nodes_of(model, COLUMNS) for model in models])


def at_the_splits(model, rows: np.ndarray) -> np.ndarray:
    """Rows that stand exactly at the threshold of each split, and just beside it."""
    copies = []
    for node in nodes_of(model, COLUMNS):
        if node.feature >= 0:
            threshold = node.threshold
            for value in (threshold, np.nextafter(threshold, -1e9), np.nextafter(threshold, 1e9)):
                some = rows[:20].copy()
                some[:, node.feature] = value
                copies.append(some)
    return np.concatenate(copies)


def test_flat_trees_predict_exactly_what_river_does_each_for_its_own_column():
    models, learned = zip(*(regressor(seed) for seed in range(3)), strict=True)
    assert min(model.n_branches for model in models) >= 2
    asked = [
        np.concatenate([rows, rows_drawn(9), at_the_splits(model, rows)[:60]])
        for model, rows in zip(models, learned, strict=True)
    ]
    flat = flat_of(*models)
    assert len(flat.feature) == sum(model.n_nodes for model in models)
    expected = [
        [model.predict_one(as_river(row)) for row in rows]
        for model, rows in zip(models, asked, strict=True)
    ]
    assert flat.predict(np.stack(asked, axis=1)).T.tolist() == expected
    for model, predictions in zip(models, expected, strict=True):
        assert len(set(predictions)) == model.n_leaves


def test_a_tree_of_limited_depth_is_flattened_as_it_is():
    model, rows = regressor(3, max_depth=1)
    assert model.n_branches == 1
    expected = [model.predict_one(as_river(row)) for row in rows]
    assert flat_of(model).predict(rows[:, None])[:, 0].tolist() == expected


@pytest.mark.parametrize("labels", [1, 2, 40])
def test_a_tree_that_has_not_split_is_its_only_leaf(labels):
    model = tree.HoeffdingTreeRegressor(leaf_prediction="mean")
    for position, row in enumerate(rows_drawn(0, labels)):
        model.learn_one(as_river(row), float(position))
    (leaf,) = nodes_of(model, COLUMNS)
    assert leaf.mean == model.predict_one(as_river(rows_drawn(1)[0]))
    positions = np.arange(labels)
    assert leaf.labels == labels
    assert leaf.mean == pytest.approx(positions.mean())
    assert leaf.squares == pytest.approx(((positions - positions.mean()) ** 2).sum())


def test_leaves_know_how_many_labels_they_have_and_how_these_scatter():
    model, rows = regressor(0, max_depth=1)
    root, left, right = nodes_of(model, COLUMNS)
    # river splits the bins of a feature, and the bin at the threshold may count on both sides
    assert left.labels + right.labels == pytest.approx(ROWS, abs=50)
    goes_left = rows[:, root.feature] <= root.threshold
    assert left.labels == pytest.approx(goes_left.sum(), abs=50)
    assert left.squares > 0
    assert right.squares > 0


def test_a_tree_that_has_not_learned_is_an_empty_leaf():
    assert nodes_of(tree.HoeffdingTreeRegressor(), COLUMNS) == [Node()]


def test_no_rows_have_no_predictions():
    model, _ = regressor(0)
    assert flat_of(model, model).predict(np.empty((0, 2, len(NAMES)))).shape == (0, 2)


def test_flat_trees_stay_as_they_were_when_the_trees_learn_on():
    model, rows = regressor(0)
    flat = flat_of(model)
    before = flat.predict(rows[:, None]).tolist()
    for row in rows:
        model.learn_one(as_river(row), 1e6)
    assert flat.predict(rows[:, None]).tolist() == before
