import numpy as np
import pytest
from hypothesis import given

from market.matching import BACKENDS, NO_PRICE, UNMATCHED, Optimum, Pairs
from tests.strategies import MatchingMarket, examples, matching_markets

both_backends = pytest.mark.parametrize("backend", BACKENDS)


def best(market: MatchingMarket, backend: str) -> Optimum:
    weights = np.where(market.allowed, market.values - market.costs, 0)
    return Optimum.of(Pairs.of(weights), market.capacities, backend)


@both_backends
@given(market=matching_markets())
@examples(200)
def test_prices_are_what_a_slot_more_adds_and_a_slot_less_takes(
    backend: str, market: MatchingMarket
):
    every, optimum = market.brute_force(), best(market, backend)
    providers = range(len(market.capacities))
    assert optimum.welfare == every.welfare()
    assert optimum.scarcity_prices.tolist() == [every.scarcity_price(i) for i in providers]
    assert optimum.largest_prices.tolist() == [
        every.largest_price(i) if market.capacities[i] else NO_PRICE for i in providers
    ]


@both_backends
@given(market=matching_markets())
@examples(200)
def test_smallest_and_largest_prices_both_clear_the_market(backend: str, market: MatchingMarket):
    """Nobody prefers another slot, or none, at these prices; a slot left free costs nothing."""
    optimum = best(market, backend)
    smallest, largest = optimum.scarcity_prices, optimum.largest_prices
    has_slots = market.capacities > 0
    assert (smallest >= 0).all()
    assert (smallest <= largest)[has_slots].all()
    used = np.bincount(optimum.match[optimum.served], minlength=len(smallest))
    for prices in (smallest, largest):
        assert (prices[used < market.capacities] == 0).all()
        for row, provider in enumerate(optimum.match):
            surplus = market.values[row] - market.costs[row] - prices
            liked = max([0, *surplus[market.allowed[row] & has_slots].tolist()])
            assert (0 if provider == UNMATCHED else surplus[provider]) == liked


@given(market=matching_markets(most_requests=4))
@examples(150)
def test_among_ties_prices_and_what_a_set_or_a_provider_adds_are_those_of_any_optimum(
    market: MatchingMarket,
):
    pairs = Pairs.of(np.where(market.allowed, market.values - market.costs, 0))
    worth = [Optimum(pairs, market.capacities, pairs.taken(one)) for one in ties(market)]
    told = [
        (
            one.welfare,
            one.scarcity_prices.tolist(),
            one.largest_prices.tolist(),
            [one.contribution(i) for i in range(pairs.providers)],
            # of a request or a set the part of welfare: what it has less what it takes
            [one.welfare - one.externality(rows) - rest(one, rows) for rows in sets(market)],
        )
        for one in worth
    ]
    assert all(one == told[0] for one in told)


def ties(market: MatchingMarket) -> np.ndarray:
    """All optimal matchings, but for pairs that add nothing."""
    every = market.brute_force().best_matchings()
    surplus = np.hstack([market.values - market.costs, np.zeros((len(market.values), 1), int)])
    zero = np.take_along_axis(surplus, every.T, axis=1).T == 0
    return np.where(zero, UNMATCHED, every)


def sets(market: MatchingMarket) -> list[np.ndarray]:
    rows = range(len(market.values))
    return [np.array(rows) for rows in market.rows_of.values()] + [np.array([row]) for row in rows]


def rest(optimum: Optimum, rows: np.ndarray) -> int:
    """What the others have under the optimum."""
    others = np.setdiff1d(optimum.served, rows)
    return int(optimum.pairs.weight[optimum.taken[others]].sum())


@both_backends
def test_one_solve_tells_what_solving_again_without_each_tells(backend: str):
    """1,000 markets full of ties: every request, every client and every provider left out."""
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        requests, providers = int(rng.integers(1, 9)), int(rng.integers(1, 5))
        weights = rng.integers(-2, 6, (requests, providers)) * int(rng.choice([1, 10**9 + 7]))
        capacities = rng.integers(0, 4, providers)
        pairs = Pairs.of(weights)
        optimum = Optimum.of(pairs, capacities, backend)

        def welfare(away: list[int], slots: np.ndarray, weights: np.ndarray = weights) -> int:
            left = np.delete(weights, away, axis=0)
            return Optimum.of(Pairs.of(left), slots, backend).welfare

        prices = optimum.scarcity_prices
        singly = {row: prices[optimum.match[row]] for row in optimum.served.tolist()}
        for row, price in singly.items():
            alone = welfare([row], capacities) - rest(optimum, np.array([row]))
            assert price == alone == optimum.externality(np.array([row]))
        together = np.flatnonzero(rng.random(requests) < 0.5)
        more = welfare(together.tolist(), capacities) - rest(optimum, together)
        assert optimum.externality(together) == more
        gone = int(rng.integers(providers))
        fewer = np.where(np.arange(providers) == gone, 0, capacities)
        assert optimum.contribution(gone) == optimum.welfare - welfare([], fewer)


def test_a_request_is_driven_to_the_next_best_place():
    # Whoever loses the first goes to the second, at 8, and drives its holder out, worth 3.
    pairs = Pairs.of(np.array([[9.0, 8.0], [0.0, 3.0]]))
    optimum = Optimum.of(pairs, np.array([1, 1]))
    assert optimum.largest_prices.tolist() == [4.0, 3.0]


@given(market=matching_markets())
@examples(150)
def test_amounts_in_parts_of_a_usd_have_the_prices_of_whole_numbers(market: MatchingMarket):
    unit = max(1, int(np.gcd.reduce(market.values, axis=None)))
    weights = np.where(market.allowed, market.values - market.costs, 0) // unit
    whole = Optimum.of(Pairs.of(weights), market.capacities)
    parts = Optimum.of(Pairs.of(weights * 0.1), market.capacities)
    assert parts.scarcity_prices == pytest.approx(whole.scarcity_prices * 0.1, abs=1e-12)
    largest = np.where(market.capacities > 0, whole.largest_prices * 0.1, NO_PRICE)
    assert parts.largest_prices == pytest.approx(largest, abs=1e-12)
    for provider in range(weights.shape[1]):
        expected = 0.1 * whole.contribution(provider)
        assert parts.contribution(provider) == pytest.approx(expected, abs=1e-12)
