import numpy as np
import pytest

from benchmarks.interval import interval, paired, ratio


def test_an_interval_is_students():
    found = interval([1.0, 2.0, 3.0, 4.0])
    # t(0.975, 3) = 3.1824, standard error = 1.29099 / 2
    assert found.mean == 2.5
    assert found.half == pytest.approx(3.182446 * 0.6454972)
    assert (found.low, found.high) == (2.5 - found.half, 2.5 + found.half)
    assert found.shown(1, " %") == "2.5 ± 2.1 %"


def test_intervals_that_hold_at_once_are_wider():
    draws = [1.0, 2.0, 3.0, 4.0]
    assert interval(draws, comparisons=5).half > interval(draws).half


def test_one_draw_has_no_interval():
    with pytest.raises(ValueError, match="at least two draws, got 1"):
        interval([1.0])


def test_what_pairs_share_drops_out():
    tape = np.array([10.0, 200.0, 3000.0])
    found = paired((tape + np.array([1.0, 2.0, 3.0])).tolist(), tape.tolist())
    assert found.mean == pytest.approx(2.0)
    assert found.half == pytest.approx(interval([1.0, 2.0, 3.0]).half)


def test_a_ratio_is_that_of_the_sums_and_certain_where_the_parts_are_in_proportion():
    found = ratio([1.0, 3.0, 5.0], [10.0, 30.0, 50.0])
    assert (found.mean, found.half) == (pytest.approx(0.1), pytest.approx(0.0, abs=1e-12))
    assert ratio([1.0, 3.0], [10.0, 10.0]).mean == pytest.approx(0.2)


def test_the_interval_of_a_ratio_covers_it_as_often_as_it_says():
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(1000):
        wholes = rng.uniform(1.0, 3.0, 20)
        found = ratio((0.25 * wholes + rng.normal(0, 0.1, 20)).tolist(), wholes.tolist())
        covered += found.low <= 0.25 <= found.high
    assert 0.92 < covered / 1000 < 0.98
