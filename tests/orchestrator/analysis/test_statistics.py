"""Intervals and tests of paired draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from orchestrator.analysis.statistics import holm, interval, paired, paired_test, ratio


def test_an_interval_is_students() -> None:
    found = interval([1.0, 2.0, 3.0, 4.0])
    # t(0.975, 3) = 3.1824, standard error = 1.29099 / 2
    assert found.mean == 2.5
    assert found.half == pytest.approx(3.182446 * 0.6454972)
    assert (found.low, found.high) == (2.5 - found.half, 2.5 + found.half)
    assert found.shown(1, " %") == "2.5 ± 2.1 %"


def test_intervals_that_hold_at_once_are_wider() -> None:
    draws = [1.0, 2.0, 3.0, 4.0]
    assert interval(draws, comparisons=5).half > interval(draws).half


def test_one_draw_has_no_interval() -> None:
    with pytest.raises(ValueError, match="at least two draws, got 1"):
        interval([1.0])


def test_what_pairs_share_drops_out() -> None:
    tape = np.array([10.0, 200.0, 3000.0])
    found = paired((tape + np.array([1.0, 2.0, 3.0])).tolist(), tape.tolist())
    assert found.mean == pytest.approx(2.0)
    assert found.half == pytest.approx(interval([1.0, 2.0, 3.0]).half)


def test_a_ratio_is_that_of_the_sums_and_certain_where_the_parts_are_in_proportion() -> None:
    found = ratio([1.0, 3.0, 5.0], [10.0, 30.0, 50.0])
    assert (found.mean, found.half) == (pytest.approx(0.1), pytest.approx(0.0, abs=1e-12))
    assert ratio([1.0, 3.0], [10.0, 10.0]).mean == pytest.approx(0.2)


def test_the_interval_of_a_ratio_covers_it_as_often_as_it_says() -> None:
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(1000):
        wholes = rng.uniform(1.0, 3.0, 20)
        found = ratio((0.25 * wholes + rng.normal(0, 0.1, 20)).tolist(), wholes.tolist())
        covered += found.low <= 0.25 <= found.high
    assert 0.92 < covered / 1000 < 0.98


def test_a_paired_test_is_the_t_test_of_the_differences() -> None:
    rng = np.random.default_rng(1)
    ours, theirs = rng.normal(1, 1, 12), rng.normal(0, 1, 12)
    found, known = paired_test(ours.tolist(), theirs.tolist()), stats.ttest_rel(ours, theirs)
    ends = known.confidence_interval(0.95)
    assert found.p_value == pytest.approx(known.pvalue)
    assert (found.difference.low, found.difference.high) == pytest.approx((ends.low, ends.high))


def test_missing_figures_leave_their_pairs_out() -> None:
    assert paired_test([1.0, math.nan, 4.0], [0.0, 1.0, 1.0]).pairs == 2
    lone = paired_test([1.0, math.nan], [0.0, 1.0])
    assert (lone.pairs, lone.difference.mean) == (1, 1.0)
    assert math.isnan(lone.p_value)
    assert math.isnan(paired_test([], []).difference.mean)


def test_differences_without_spread_are_no_test_but_none_at_all_are_no_difference() -> None:
    assert math.isnan(paired_test([2.0, 3.0], [1.0, 2.0]).p_value)
    assert paired_test([2.0, 3.0], [2.0, 3.0]).p_value == 1
    # the same but for rounding
    tenths = paired_test([0.3, 0.8, 0.1], [0.2, 0.7, 0.0])
    assert tenths.difference.half > 0
    assert math.isnan(tenths.p_value)
    assert paired_test([0.1 + 0.2, 0.1], [0.3, 0.1]).p_value == 1


def test_holm_multiplies_by_the_tests_that_are_left() -> None:
    adjusted = holm([0.01, 0.04, math.nan, 0.03, 0.9])
    assert adjusted[:2] + adjusted[3:] == pytest.approx([0.04, 0.09, 0.09, 0.9])
    assert math.isnan(adjusted[2])
    assert holm([]) == []
