import numpy as np
import pytest

from tests.hubs.mechanisms.markets import members, offers
from tests.hubs.mechanisms.routers.routed import routed


def test_a_provider_is_drawn_evenly_among_those_with_a_free_slot():
    one_request = offers([[1, 1, 1]], [1, 9, 0])
    drawn = routed("random", members([9, 9, 9]), *[one_request] * 2000)
    share = np.bincount(np.concatenate(drawn), minlength=3) / 2000
    assert share == pytest.approx([0.5, 0.5, 0.0], abs=0.04)


def test_it_takes_no_heed_of_the_cache():
    warm = offers([[1, 1]], [1, 1], cached_tokens=np.array([[0.0, 500.0]]))
    assert {match for (match,) in routed("random", members([1, 1]), *[warm] * 20)} == {0, 1}
