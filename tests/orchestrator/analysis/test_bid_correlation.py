from __future__ import annotations

import numpy as np
import pytest

from orchestrator.analysis.bid_correlation import innovations, partial_correlations


def test_what_moves_a_whole_round_is_taken_out() -> None:
    shock = np.random.default_rng(5).normal(size=(400, 1))
    series = np.random.default_rng(6).normal(size=(400, 30)) + shock
    plain = np.corrcoef(series, rowvar=False)[np.triu_indices(30, 1)].mean()
    given_others, _ = partial_correlations(series - series.mean(axis=0))
    assert plain > 0.4
    assert abs(given_others[np.triu_indices(30, 1)].mean()) < 0.05


def test_a_partial_correlation_is_that_of_what_a_regression_leaves() -> None:
    series = np.random.default_rng(2).normal(size=(25, 5)) @ np.triu(np.ones((5, 5)))
    series -= series.mean(axis=0)
    found, controls = partial_correlations(series)
    for i, j in ((0, 1), (2, 4), (3, 1)):
        others = series.sum(axis=1) - series[:, i] - series[:, j]
        left = [
            column - others * (others @ column) / (others @ others)
            for column in (series[:, i], series[:, j])
        ]
        expected = left[0] @ left[1] / np.sqrt((left[0] @ left[0]) * (left[1] @ left[1]))
        assert found[i, j] == pytest.approx(expected)
        assert controls[i, j] == 1


def test_two_alone_are_correlated_as_they_are() -> None:
    series = np.array([[1.0, 2.0], [-1.0, 0.0], [0.0, -2.0]])
    found, controls = partial_correlations(series)
    assert found[0, 1] == pytest.approx(2 / np.sqrt(2 * 8))
    assert controls[0, 1] == 0


def test_an_innovation_is_what_the_round_before_did_not_say() -> None:
    wandering = np.array([1.0, 2.0, 3.0, 4.0, np.nan, 5.0, 6.0])
    alternating = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 0.0])
    found = innovations(np.stack([wandering, alternating], axis=1))
    assert np.isnan(found[[0, 4, 5], 0]).all()
    centred = wandering - 3.5
    before, now = centred[[0, 1, 2, 5]], centred[[1, 2, 3, 6]]
    kept = before @ now / (before @ before)
    assert found[[1, 2, 3, 6], 0] == pytest.approx(now - kept * before)
    # who alternates keeps it: taking turns must stay to be seen
    assert found[1:, 1] == pytest.approx(alternating[1:])
