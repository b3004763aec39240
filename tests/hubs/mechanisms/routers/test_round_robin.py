import numpy as np

from tests.hubs.mechanisms.markets import members, offers
from tests.hubs.mechanisms.routers.routed import routed


def test_providers_take_turns():
    (match,) = routed("round_robin", members([3, 3, 3]), offers(np.ones((7, 3)), [3, 3, 3]))
    assert match == [0, 1, 2, 0, 1, 2, 0]


def test_the_full_are_passed_over():
    (match,) = routed("round_robin", members([3, 3, 3]), offers(np.ones((5, 3)), [1, 0, 3]))
    assert match == [0, 2, 2, 2, -1]


def test_the_cycle_goes_on_from_clearing_to_clearing():
    two, nobody = offers(np.ones((2, 3)), [1, 1, 1]), offers(np.ones((2, 3)), [0, 0, 0])
    cleared = routed("round_robin", members([1, 1, 1]), two, nobody, two, two)
    assert cleared == [[0, 1], [-1, -1], [2, 0], [1, 2]]
