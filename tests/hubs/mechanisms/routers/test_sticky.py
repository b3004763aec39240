import numpy as np
import pytest

from tests.hubs.mechanisms.markets import members, offers
from tests.hubs.mechanisms.routers.routed import routed


def warm(cached, capacities):
    cached = np.array(cached, dtype=float)
    return offers(np.ones(cached.shape), capacities, cached_tokens=cached)


def test_requests_go_where_most_of_their_prompt_is_cached():
    market = warm([[10, 30, 20], [0, 0, 5]], [1, 1, 1])
    assert routed("sticky", members([1, 1, 1]), *[market] * 20) == [[1, 2]] * 20


def test_they_settle_for_the_warmest_that_is_free():
    market = warm([[10, 30, 20]] * 4, [1, 1, 1])
    assert routed("sticky", members([1, 1, 1]), market) == [[1, 2, 0, -1]]


def test_where_nothing_is_cached_a_free_slot_is_drawn_evenly_over_providers():
    drawn = routed("sticky", members([9, 9, 9]), *[warm([[0, 0, 500]], [1, 9, 0])] * 2000)
    share = np.bincount(np.concatenate(drawn), minlength=3) / 2000
    assert share == pytest.approx([0.5, 0.5, 0.0], abs=0.04)
