import numpy as np
import pytest

from hubs.mechanisms import MECHANISMS, Clearing, Offers


def routed(mechanism: str, cached, capacities, *, seed: int = 0, values: int = 9) -> Clearing:
    cached = np.array(cached, dtype=float)
    offers = Offers(
        values=np.full(cached.shape, values),
        costs=np.arange(1, cached.size + 1).reshape(cached.shape),
        capacities=np.array(capacities),
        clients=tuple(f"c{row}" for row in range(len(cached))),
        cached_tokens=cached,
    )
    return MECHANISMS[mechanism]().clear(offers, np.random.default_rng(seed))


@pytest.mark.parametrize("mechanism", ["random", "sticky"])
def test_first_come_first_served(mechanism):
    assert routed(mechanism, np.zeros((3, 1)), [2]).match.tolist() == [0, 0, -1]


@pytest.mark.parametrize("mechanism", ["random", "sticky"])
def test_nobody_is_turned_away_while_a_slot_is_free_even_at_a_loss(mechanism):
    clearing = routed(mechanism, np.zeros((5, 3)), [2, 1, 2], values=-100)
    assert np.bincount(clearing.match).tolist() == [2, 1, 2]


@pytest.mark.parametrize("mechanism", ["random", "sticky"])
def test_clients_pay_and_providers_get_the_cost_at_the_bid(mechanism):
    clearing = routed(mechanism, np.zeros((2, 2)), [1, 1])
    expected = [1 + 2 * row + provider for row, provider in enumerate(clearing.match.tolist())]
    assert clearing.client_pays.tolist() == clearing.provider_receives.tolist() == expected
    assert clearing.scarcity_prices.tolist() == [0, 0]


@pytest.mark.parametrize("mechanism", ["random", "sticky"])
def test_a_free_slot_is_drawn_evenly_over_providers(mechanism):
    drawn = [
        routed(mechanism, np.zeros((1, 3)), [1, 9, 0], seed=seed).match[0] for seed in range(2000)
    ]
    assert np.bincount(drawn, minlength=3) / 2000 == pytest.approx([0.5, 0.5, 0.0], abs=0.04)


def test_the_sticky_go_where_most_of_their_prompt_is_cached():
    for seed in range(20):
        clearing = routed("sticky", [[10, 30, 20], [0, 0, 5]], [1, 1, 1], seed=seed)
        assert clearing.match.tolist() == [1, 2]


def test_the_sticky_settle_for_the_warmest_that_is_free():
    cached = [[10, 30, 20], [10, 30, 20], [10, 30, 20], [10, 30, 20]]
    assert routed("sticky", cached, [1, 1, 1]).match.tolist() == [1, 2, 0, -1]


def test_the_random_take_no_heed_of_the_cache():
    drawn = {routed("random", [[0, 500]], [1, 1], seed=seed).match[0].item() for seed in range(20)}
    assert drawn == {0, 1}
