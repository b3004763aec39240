import numpy as np

from tests.hubs.mechanisms.markets import members, offers
from tests.hubs.mechanisms.routers.routed import routed


def test_requests_go_where_the_fewest_are_in_flight_per_slot():
    # in flight: 3 of 4, 1 of 2, 2 of 8
    (match,) = routed("least_loaded", members([4, 2, 8]), offers(np.ones((1, 3)), [1, 1, 6]))
    assert match == [2]


def test_what_was_just_routed_is_in_flight_too():
    # loads: 0/2 0/4, 1/2 0/4, 1/2 1/4, a tie at 1/2, 2/2 2/4, 2/2 3/4
    (match,) = routed("least_loaded", members([2, 4]), offers(np.ones((6, 2)), [2, 4]))
    assert match == [0, 1, 1, 0, 1, 1]


def test_an_idle_provider_without_slots_for_chat_is_no_candidate():
    (match,) = routed("least_loaded", members([0, 2]), offers(np.ones((1, 2)), [0, 1]))
    assert match == [1]
