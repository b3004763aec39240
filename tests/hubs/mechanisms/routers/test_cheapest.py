from tests.hubs.mechanisms.markets import members, offers
from tests.hubs.mechanisms.routers.routed import routed


def test_each_request_in_turn_goes_where_it_costs_least():
    costs = [[5, 3, 3], [1, 2, 9], [4, 9, 9], [4, 9, 8]]
    (match,) = routed("cheapest", members([1, 1, 2]), offers(costs, [1, 1, 2]))
    # the third would rather go where the second went, and the fourth too
    assert match == [1, 0, 2, 2]
