import numpy as np
import pytest

from hubs.prediction.shrunk_mean import Prior, shrunk_mean, standard_error


def figures(labels: list[float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How many, their mean, and the sum of their squared deviations."""
    known = np.array(labels)
    mean = known.mean() if labels else 0.0
    return np.array([float(len(labels))]), np.array([mean]), np.array([((known - mean) ** 2).sum()])


def test_the_prior_is_as_good_as_that_many_labels_of_its_mean_and_deviation():
    prior = Prior(mean=1.0, labels=2.0, deviation=3.0)
    labels = [5.0, 7.0, 9.0]
    pooled = np.array([1.0 - 3.0, 1.0 + 3.0, *labels])
    number, mean, squares = figures(labels)
    assert shrunk_mean(prior, number, mean) == pytest.approx([pooled.mean()])
    expected = pooled.std() / np.sqrt(len(pooled))
    assert standard_error(prior, number, mean, squares) == pytest.approx([expected])


def test_before_any_label_there_is_the_prior_and_its_deviation():
    number, mean, squares = figures([])
    for weight, error in ((0.0, 3.0), (1.0, 3.0), (4.0, 1.5)):
        prior = Prior(1.0, weight, 3.0)
        assert shrunk_mean(prior, number, mean).tolist() == [1.0]
        assert standard_error(prior, number, mean, squares).tolist() == [error]


def test_a_prior_without_weight_is_gone_with_the_first_label():
    number, mean, _ = figures([7.0])
    assert shrunk_mean(Prior(1.0, 0.0, 3.0), number, mean).tolist() == [7.0]


def test_an_error_tells_how_far_the_mean_of_such_labels_is_off():
    """With many labels, the error is the spread of means over repetitions of the experiment."""
    rng = np.random.default_rng(5)
    prior = Prior(0.0, 1.0, 1.0)
    drawn = rng.normal(2.0, 4.0, (4000, 60))
    number, means = np.full(4000, 60.0), drawn.mean(axis=1)
    squares = ((drawn - means[:, None]) ** 2).sum(axis=1)
    errors = standard_error(prior, number, means, squares)
    assert errors.mean() == pytest.approx(shrunk_mean(prior, number, means).std(), rel=0.05)
