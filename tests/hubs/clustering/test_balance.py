from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from hubs.clustering.balance import RESOLUTION, balanced
from tests.strategies import examples


def totals(hub_of, sizes, hubs: int):
    return np.bincount(hub_of, weights=sizes, minlength=hubs)


def nearest_for_the_same_counts(distance, hub_of) -> float:
    """The least sum of distances with as many things at every hub: an assignment to seats."""
    things, seats = linear_sum_assignment(distance[:, hub_of])
    return float(distance[things, hub_of[seats]].sum())


@st.composite
def problems(draw):
    """Distances rich in ties, and sizes of a few kinds."""
    sizes = np.array(draw(st.lists(st.sampled_from([1, 2, 3, 7, 40]), min_size=1, max_size=20)))
    hubs = draw(st.integers(1, len(sizes)))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    return rng.integers(0, draw(st.sampled_from([1, 4, 1000])), (len(sizes), hubs)) / 10, sizes


@given(problem=problems())
@examples(300)
def test_a_hub_exceeds_the_emptiest_by_at_most_the_smallest_thing_in_it(problem):
    distance, sizes = problem
    hub_of = balanced(distance, sizes)
    total = totals(hub_of, sizes, distance.shape[1])
    assert total.min() > 0
    for hub in range(len(total)):
        assert total[hub] - total.min() <= sizes[hub_of == hub].min()


@given(problem=problems())
@examples(300)
def test_no_assignment_with_the_same_counts_of_every_size_is_nearer(problem):
    distance, sizes = problem
    hub_of = balanced(distance, sizes)
    for size in np.unique(sizes):
        same = sizes == size
        least = nearest_for_the_same_counts(distance[same], hub_of[same])
        found = distance[same][np.arange(same.sum()), hub_of[same]].sum()
        assert found == pytest.approx(least)


@pytest.mark.parametrize("seed", range(10))
def test_things_of_one_size_in_equal_shares_are_as_near_as_any_such_assignment(seed):
    """Against all assignments of six things to three hubs, two each."""
    distance = np.random.default_rng(seed).random((6, 3))
    hub_of = balanced(distance, np.full(6, 4))
    every = [
        distance[np.arange(6), one].sum()
        for one in (np.array(hubs) for hubs in product(range(3), repeat=6))
        if (np.bincount(one, minlength=3) == 2).all()
    ]
    assert distance[np.arange(6), hub_of].sum() == pytest.approx(min(every), abs=6 * RESOLUTION)


def test_what_is_balanced_at_the_nearest_hubs_stays_there():
    distance = np.array([[0.0, 9.0], [0.0, 9.0], [9.0, 0.0]])
    assert balanced(distance, np.array([1, 3, 4])).tolist() == [0, 0, 1]


def test_one_goes_by_way_of_a_hub_between_where_that_is_nearer():
    """The two at the first hub are far from the third, one at the second is near it."""
    distance = np.array([[0.0, 1.0, 99.0], [0.0, 1.0, 99.0], [5.0, 0.0, 1.0]])
    assert sorted(balanced(distance, np.ones(3, dtype=int))[:2]) == [0, 1]
    assert balanced(distance, np.ones(3, dtype=int))[2] == 2


def test_a_giant_keeps_a_hub_to_itself_and_the_rest_share_the_other():
    distance = np.zeros((101, 2))
    hub_of = balanced(distance, np.array([1000] + [1] * 100))
    assert totals(hub_of, np.array([1000] + [1] * 100), 2).tolist() in ([1000, 100], [100, 1000])


def test_what_is_moved_is_the_cheapest_per_unit_of_size():
    """Four units must leave the first hub: one thing at 3, or four things at 2 each."""
    distance = np.array([[0.0, 3.0]] + [[0.0, 2.0]] * 4)
    assert balanced(distance, np.array([4, 1, 1, 1, 1])).tolist() == [1, 0, 0, 0, 0]
