import numpy as np

from hubs.clustering.random_partition import cluster_at_random
from tests.hubs.builders import provider


def test_different_draws_give_different_hubs_whatever_providers_are_alike():
    profiles = [provider(f"p{number}", chat_slots=1 + number % 3) for number in range(30)]
    drawn = {str(cluster_at_random(profiles, 3, np.random.default_rng(seed))) for seed in range(9)}
    assert len(drawn) == 9


def test_who_shares_a_hub_has_nothing_to_do_with_what_they_can():
    """Two kinds, in random hubs of 50: the share of a kind is half, give or take."""
    profiles = [provider(f"p{number}", domains=("ab"[number % 2],)) for number in range(400)]
    found = cluster_at_random(profiles, 8, np.random.default_rng(3))
    shares = [np.mean([profiles[index].domains == ("a",) for index in hub]) for hub in found]
    assert min(shares) > 0.25
    assert max(shares) < 0.75
    assert len(set(shares)) > 1
