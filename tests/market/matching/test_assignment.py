import numpy as np
import pytest
from hypothesis import given

from market.errors import BadInput
from market.matching import BACKENDS, UNMATCHED, Pairs, clear, max_weight_matching
from market.matching.assignment import chosen_backend, matched_weight
from tests.real_files import real
from tests.strategies import MatchingMarket, examples, matching_markets


def matched(weights: list[list[int]], capacities: list[int]) -> list[int]:
    """The match that both backends find, where only one is best."""
    found = [
        max_weight_matching(np.array(weights), np.array(capacities), backend).tolist()
        for backend in BACKENDS
    ]
    assert found[0] == found[1]
    return found[0]


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
    weights = np.array([[huge, huge + 1], [huge, huge]])
    assert max_weight_matching(weights, np.array([1, 1])).tolist() == [1, 0]
    quarter = huge // 4
    assert matched([[quarter - 1, quarter], [quarter - 1, quarter - 1]], [1, 1]) == [1, 0]


def test_the_weight_of_a_matching_is_an_exact_whole_number():
    weights = np.array([[2**53, 0], [0, 1]])
    total = matched_weight(weights, np.array([0, 1]))
    assert total == 2**53 + 1
    assert type(total) is int


def test_the_weight_of_many_huge_pairs_is_exact_beyond_64_bits():
    weights = np.full((1500, 1), 2**53)
    outcome = clear(weights, 0 * weights, weights > 0, np.array([1499]))
    assert outcome.welfare == 1499 * 2**53 > 2**63
    assert outcome.scarcity_prices.tolist() == outcome.largest_prices.tolist() == [2**53]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [100, 200, 400])
def test_published_assignment_problems_are_solved_to_their_known_optima(size: int, backend: str):
    first, *numbers = map(int, real(f"solver/assignment/assign{size}.txt").read_text().split())
    assert first == size
    optima = real("solver/known_optima.csv").read_text().splitlines()
    (least_cost,) = (row.split(",")[3] for row in optima if f"/assign{size}.txt," in row)
    weights = 1000 - np.array(numbers).reshape(size, size)
    match = max_weight_matching(weights, np.ones(size, dtype=np.int64), backend)
    assert sorted(match.tolist()) == list(range(size))
    assert matched_weight(weights, match) == 1000 * size - int(least_cost)


def test_whole_numbers_go_to_the_network_simplex_where_pairs_are_few_or_slots_abound():
    def chosen(requests: int, providers: int, slots: int, share: float = 1.0, unit: float = 1):
        weights = np.full((requests, providers), unit)
        weights[:, : round((1 - share) * providers)] = 0
        return chosen_backend(Pairs.of(weights), np.full(providers, slots // providers))

    assert chosen(16, 8, 16) == "dense"
    assert chosen(200, 100, 100) == "dense"
    assert chosen(200, 100, 100, share=0.2) == "sparse"
    assert chosen(200, 100, 400) == "sparse"
    assert chosen(200, 100, 400, unit=0.5) == "dense"
    assert chosen(16, 8, 16, unit=2**51) == "sparse"
    assert (chosen(10_000, 1, 4_000), chosen(10_000, 1, 6_000)) == ("dense", "sparse")


@pytest.mark.parametrize(
    ("backend", "weights", "complaint"),
    [
        ("gpu", [[1]], "backend: expected one of auto, dense, sparse; got 'gpu'"),
        ("sparse", [[1.5]], "backend: sparse takes whole numbers, got the weight 1.5"),
        ("dense", [[2**51]], f"backend: dense is exact up to weights of {2**50}, got {2**51}"),
        (
            "sparse",
            [[2**61]],
            f"backend: in a market of this size sparse is exact up to weights of {2**60},"
            f" got {2**61}",
        ),
    ],
)
def test_a_backend_refuses_what_it_cannot_match_exactly(backend: str, weights, complaint: str):
    with pytest.raises(BadInput) as caught:
        max_weight_matching(np.array(weights), np.array([1]), backend)
    assert str(caught.value) == complaint


@pytest.mark.parametrize("backend", ["auto", *BACKENDS])
@pytest.mark.parametrize(
    ("capacities", "complaint"),
    [
        ([1], "capacities: expected one for each of 2 providers, got 1"),
        ([1, 1, 1], "capacities: expected one for each of 2 providers, got 3"),
        ([1, -1], "capacities: expected none below 0, got -1"),
    ],
)
def test_slots_that_are_not_those_of_the_providers_are_refused(
    capacities: list[int], complaint: str, backend: str
):
    with pytest.raises(BadInput, match=f"^{complaint}$"):
        max_weight_matching(np.array([[5, 6]]), np.array(capacities), backend)


@given(market=matching_markets())
@examples(150)
def test_whole_numbers_as_floats_are_matched_by_either_backend(market: MatchingMarket):
    weights = np.where(market.allowed, market.values - market.costs, -1).astype(float)
    welfare = market.brute_force().welfare()
    for backend in BACKENDS:
        match = max_weight_matching(weights, market.capacities, backend)
        assert matched_weight(weights, match) == welfare


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("shape", [(0, 0), (0, 2), (2, 0), (2, 2)])
def test_a_market_without_anything_to_match_has_no_matches(backend: str, shape: tuple[int, int]):
    weights, capacities = np.zeros(shape, dtype=np.int64), np.ones(shape[1], dtype=np.int64)
    assert (max_weight_matching(weights, capacities, backend) == UNMATCHED).all()


def test_a_large_market_in_floats_goes_to_sparse_if_they_are_whole(monkeypatch):
    monkeypatch.setattr("market.matching.assignment.MOST_CELLS", 5)
    weights, capacities = np.array([[3.0, 1.0], [2.0, 2.0]]), np.array([2, 2])
    assert chosen_backend(Pairs.of(weights), capacities) == "sparse"
    assert chosen_backend(Pairs.of(weights), np.array([1, 1])) == "dense"
    assert max_weight_matching(weights, np.array([1, 2])).tolist() == [0, 1]
    with pytest.raises(BadInput, match=r"whole numbers, as 8 cells .* got the weight 2.5"):
        max_weight_matching(weights - 0.5, capacities)
