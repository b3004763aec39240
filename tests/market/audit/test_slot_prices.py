from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from market.audit.slot_prices import slot_losses
from market.matching import max_weight_matching
from tests.oracles import BruteForceMatching
from tests.strategies import MatchingMarket, examples, matching_markets


@given(market=matching_markets())
@examples(300)
def test_they_are_the_welfare_lost_with_a_slot(market: MatchingMarket):
    weights = np.where(market.allowed, market.values - market.costs, -1).astype(float)
    match = max_weight_matching(weights, market.capacities)
    losses = slot_losses(weights, match, market.capacities)
    whole = market.brute_force().welfare()
    for provider, capacity in enumerate(market.capacities.tolist()):
        if capacity == 0:
            assert losses[provider] == np.inf
            continue
        fewer = market.capacities.copy()
        fewer[provider] -= 1
        rest = BruteForceMatching(market.values, market.costs, market.allowed, fewer).welfare()
        assert losses[provider] == pytest.approx(whole - rest, rel=1e-12)


def test_a_request_is_driven_to_the_next_best_place():
    # Both slots are taken; whoever loses the first goes to the second and drives its holder out.
    weights = np.array([[9.0, 8.0], [0.0, 3.0]])
    losses = slot_losses(weights, np.array([0, 1]), np.array([1, 1]))
    assert losses.tolist() == [4.0, 3.0]
