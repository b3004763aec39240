import numpy as np
import pytest
from hypothesis import given

from market.errors import BadInput
from market.matching import UNMATCHED, Pairs, clear, clear_pairs
from tests.strategies import MatchingMarket, examples, matching_markets


@given(market=matching_markets(most_clients=3))
@examples(150)
def test_a_market_can_be_given_as_a_list_of_pairs_in_any_order(market: MatchingMarket):
    request, provider = np.nonzero(market.allowed)
    order = np.random.default_rng(len(request)).permutation(len(request))
    request, provider = request[order], provider[order]
    weights = (market.values - market.costs)[request, provider]
    pairs = Pairs.listed(request, provider, weights, market.values.shape)
    rows = np.repeat(np.arange(pairs.requests), np.diff(pairs.start))
    outcome = clear_pairs(
        pairs, market.costs[rows, pairs.provider], market.capacities, market.clients
    )
    expected = clear(market.values, market.costs, market.allowed, market.capacities, market.clients)
    for name, found in vars(outcome).items():
        assert np.array_equal(found, getattr(expected, name)), name


def test_only_pairs_that_add_to_welfare_are_kept():
    pairs = Pairs.of(np.array([[0, 3, -2], [0, 0, 0], [1, 0, 2]]))
    assert pairs.start.tolist() == [0, 1, 1, 3]
    assert pairs.provider.tolist() == [1, 0, 2]
    assert pairs.weight.tolist() == [3, 1, 2]
    assert pairs.top == 3


def test_a_match_is_told_by_its_pairs_and_back():
    pairs = Pairs.of(np.array([[0, 3], [4, 0], [1, 2]]))
    match = np.array([1, UNMATCHED, 1])
    assert pairs.taken(match).tolist() == [0, UNMATCHED, 3]
    assert pairs.match(pairs.taken(match)).tolist() == match.tolist()


def test_a_pair_that_stands_twice_is_refused():
    twice = np.array([0, 1, 0]), np.array([1, 0, 1]), np.array([5, 4, 3])
    with pytest.raises(BadInput, match=r"^pairs\.2: request 0 at provider 1 stands twice$"):
        Pairs.listed(*twice, (2, 2))


@pytest.mark.parametrize(
    ("request_", "provider", "complaint"),
    [
        (0, 2, r"pairs\.1: expected a provider from 0 to 1, got 2"),
        (0, -1, r"pairs\.1: expected a provider from 0 to 1, got -1"),
        (3, 1, r"pairs\.1: expected a request from 0 to 2, got 3"),
        (-1, 1, r"pairs\.1: expected a request from 0 to 2, got -1"),
    ],
)
def test_a_pair_outside_of_the_market_is_refused(request_: int, provider: int, complaint: str):
    ends = np.array([0, request_]), np.array([0, provider])
    with pytest.raises(BadInput, match=f"^{complaint}$"):
        Pairs.listed(*ends, np.array([5, 4]), (3, 2))
