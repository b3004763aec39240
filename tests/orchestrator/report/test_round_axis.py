import numpy as np

from orchestrator.report.round_axis import MAX_POINTS, RoundAxis


def test_few_rounds_are_a_point_each():
    axis = RoundAxis(np.array([1, 2, 3]), 1)
    assert axis.x.tolist() == [1, 2, 3]
    assert axis.mean(np.array([1, 3, 3]), np.array([2.0, 1.0, 4.0])).tolist() == [2, 0, 5]


def test_trials_are_averaged_over_those_that_reached_the_round():
    axis = RoundAxis(np.array([1, 2, 1]), 1)
    assert axis.mean(np.array([1, 1, 2]), np.array([2.0, 4.0, 5.0])).tolist() == [3, 5]


def test_many_rounds_share_points_and_a_short_last_bin_counts_its_own_rounds():
    rounds = np.arange(1, 2 * MAX_POINTS)
    (axis,) = RoundAxis.aligned([rounds])
    assert (axis.width, len(axis.x), axis.x[0]) == (2, MAX_POINTS, 1.5)
    assert set(axis.mean(rounds, np.full(len(rounds), 7.0))) == {7.0}


def test_the_axes_of_one_page_have_the_same_bins():
    short, long = RoundAxis.aligned([np.arange(1, 10), np.arange(1, MAX_POINTS + 2)])
    assert short.width == long.width == 2


def test_a_ratio_to_nothing_is_missing():
    assert np.isnan(RoundAxis.ratio(np.array([0.0]), np.array([0.0]))).all()


def test_a_log_without_rounds_has_no_points():
    (axis,) = RoundAxis.aligned([np.array([], dtype=np.int64)])
    assert (axis.last, len(axis.x)) == (0, 0)


def test_groups_are_added_up_apart():
    axis = RoundAxis(np.array([1, 2]), 1)
    sums = axis.totals(np.array([1, 2, 2]), np.array([0, 1, 1]), 2, np.array([1.0, 2.0, 3.0]))
    assert sums.tolist() == [[1, 0], [0, 5]]


def test_quantiles_are_values_of_their_bin():
    axis = RoundAxis(np.array([1, 2, 3]), 1)
    rounds, values = np.array([3, 1, 3, 3, 3]), np.array([4.0, 9.0, 1.0, 3.0, 2.0])
    found = axis.quantiles(rounds, values, (0.5, 0.75, 1.0))
    assert found[:, 0].tolist() == [9, 9, 9]
    assert np.isnan(found[:, 1]).all()
    assert found[:, 2].tolist() == [2, 3, 4]


def test_what_adds_up_is_averaged_over_all_trials_also_over_those_that_ended_before():
    axis = RoundAxis(np.array([1, 2, 3, 1]), 2)
    assert axis.ends.tolist() == [2, 3]
    assert axis.cumulative(np.array([1, 3]), np.array([4.0, 6.0])).tolist() == [2, 5]
