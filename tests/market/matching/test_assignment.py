from pathlib import Path

import numpy as np
import pytest

from market.matching import UNMATCHED, max_weight_matching
from market.matching.assignment import matched_weight

ASSIGNMENTS = Path(__file__).parents[3] / "../shared/data/solver/assignment"


def matched(weights: list[list[int]], capacities: list[int]) -> list[int]:
    return max_weight_matching(np.array(weights), np.array(capacities)).tolist()


def test_weight_is_what_counts_not_how_many_are_matched():
    # Both can be served for 2 + 3, one alone is worth 6.
    assert matched([[6, 2], [3, -1]], [1, 1]) == [0, UNMATCHED]


def test_a_pair_that_adds_nothing_is_left_unmatched():
    assert matched([[0, -1], [-4, 0]], [5, 5]) == [UNMATCHED, UNMATCHED]


def test_every_slot_of_a_provider_can_be_used():
    assert matched([[5], [4], [3], [2]], [3]) == [0, 0, 0, UNMATCHED]


def test_a_provider_without_slots_serves_nobody():
    assert matched([[9, 1], [8, 0]], [0, 1]) == [1, UNMATCHED]
    assert matched([[9, 1]], [0, 0]) == [UNMATCHED]


def test_far_more_slots_than_requests_are_no_burden():
    assert matched([[1, 2], [2, 1]], [2**31, 2**31]) == [1, 0]


def test_nano_usd_beyond_millions_are_told_apart():
    huge = 2**52
    assert matched([[huge, huge + 1], [huge, huge]], [1, 1]) == [1, 0]


def test_the_weight_of_a_matching_is_an_exact_whole_number():
    weights = np.array([[2**53, 0], [0, 1]])
    total = matched_weight(weights, np.array([0, 1]))
    assert total == 2**53 + 1
    assert type(total) is int


@pytest.mark.parametrize(("size", "least_cost"), [(100, 305), (200, 475)])
def test_published_assignment_problems_are_solved_to_their_known_optima(size, least_cost):
    path = ASSIGNMENTS / f"assign{size}.txt"
    if not path.exists():
        pytest.skip(f"no OR-Library instance at {path}")
    first, *numbers = map(int, path.read_text().split())
    assert first == size
    costs = np.array(numbers).reshape(size, size)
    weights = 1000 - costs
    match = max_weight_matching(weights, np.ones(size, dtype=np.int64))
    assert sorted(match.tolist()) == list(range(size))
    assert matched_weight(weights, match) == 1000 * size - least_cost
