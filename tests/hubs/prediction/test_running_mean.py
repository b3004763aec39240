import numpy as np
import pytest

from hubs.prediction.running_mean import RunningMeans


def test_means_and_errors_are_those_of_all_labels():
    labels = np.random.default_rng(2).normal(5.0, 3.0, (40, 2))
    running = RunningMeans(2)
    for row in labels:
        running.learn(0, row[0])
        running.learn(1, row[1])
    assert running.mean == pytest.approx(labels.mean(axis=0))
    assert running.last.tolist() == labels[-1].tolist()
    squares = labels.var(axis=0) * 40
    assert running.error(2.0) == pytest.approx(np.sqrt((4.0 + squares) / 41) / np.sqrt(41))


def test_columns_learn_apart_and_nothing_is_known_at_first():
    running = RunningMeans(2)
    running.learn(1, 3.0)
    assert running.labels.tolist() == [0.0, 1.0]
    assert running.error(np.array([[0.5, 0.5], [8.0, 8.0]]))[:, 0].tolist() == [0.5, 8.0]
