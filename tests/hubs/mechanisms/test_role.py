import numpy as np

from hubs.mechanisms import Offers


def test_some_requests_of_a_market_keep_all_that_is_theirs():
    def matrix(first: int) -> np.ndarray:
        return np.arange(first, first + 6).reshape(3, 2)

    offers = Offers(
        values=matrix(0),
        costs=matrix(10),
        capacities=np.array([5, 6]),
        clients=("a", "b", "c"),
        domains=("law", "code", "maths"),
        cached_tokens=matrix(20) / 2,
        top_costs=matrix(30),
        round=7,
    )
    some = offers.only(np.array([0, 2]), np.array([1, 0]))
    assert some.values.tolist() == [[0, 1], [4, 5]]
    assert some.costs.tolist() == [[10, 11], [14, 15]]
    assert some.capacities.tolist() == [1, 0]
    assert some.clients == ["a", "c"]
    assert some.domains == ["law", "maths"]
    assert some.cached_tokens.tolist() == [[10.0, 10.5], [12.0, 12.5]]
    assert some.top_costs.tolist() == [[30, 31], [34, 35]]
    assert some.round == 7
