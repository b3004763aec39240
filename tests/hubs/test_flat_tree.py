import numpy as np
import pytest
from river import tree

from hubs.flat_tree import FlatTree

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


def at_the_splits(model, rows: np.ndarray) -> np.ndarray:
    """Rows that stand exactly at the threshold of each split, and just beside it."""
    flat = FlatTree.of(model, COLUMNS)
    copies = []
    for feature, threshold in zip(flat.feature, flat.threshold, strict=True):
        if feature >= 0:
            for value in (threshold, np.nextafter(threshold, -1e9), np.nextafter(threshold, 1e9)):
                some = rows[:20].copy()
                some[:, feature] = value
                copies.append(some)
    return np.concatenate(copies)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_flat_regressor_predicts_exactly_what_river_does(seed):
    model, rows = regressor(seed)
    assert model.n_branches >= 2
    asked = np.concatenate([rows, rows_drawn(seed + 50), at_the_splits(model, rows)])
    flat = FlatTree.of(model, COLUMNS)
    assert len(flat.feature) == model.n_nodes
    expected = [model.predict_one(as_river(row)) for row in asked]
    assert flat.predict(asked).tolist() == expected
    assert len(set(expected)) == model.n_leaves


def test_a_tree_of_limited_depth_is_flattened_as_it_is():
    model, rows = regressor(3, max_depth=1)
    assert model.n_branches == 1
    flat = FlatTree.of(model, COLUMNS)
    expected = [model.predict_one(as_river(row)) for row in rows]
    assert flat.predict(rows).tolist() == expected


@pytest.mark.parametrize("labels", [1, 2, 40])
def test_a_tree_that_has_not_split_predicts_its_only_leaf(labels):
    model = tree.HoeffdingTreeRegressor(leaf_prediction="mean")
    rows = rows_drawn(0, labels)
    for position, row in enumerate(rows):
        model.learn_one(as_river(row), float(position))
    flat = FlatTree.of(model, COLUMNS)
    assert flat.predict(rows).tolist() == [model.predict_one(as_river(rows[0]))] * labels
    assert flat.predict(rows)[0] == pytest.approx((labels - 1) / 2)


def test_no_rows_have_no_predictions():
    model, _ = regressor(0)
    flat = FlatTree.of(model, COLUMNS)
    assert flat.predict(np.empty((0, len(NAMES)))).tolist() == []


def test_a_flat_tree_stays_as_it_was_when_the_tree_learns_on():
    model, rows = regressor(0)
    flat = FlatTree.of(model, COLUMNS)
    before = flat.predict(rows).tolist()
    for row in rows:
        model.learn_one(as_river(row), 1e6)
    assert flat.predict(rows).tolist() == before
