import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.electricity import Electricity
from agents.population import ProviderGroup, draw_providers
from hubs.clustering import capability_vectors, cluster_by_capability
from tests.hubs.builders import provider
from tests.strategies import examples


def specialists(*domains: str, each: int = 6) -> list:
    """So many providers of every domain in turn, good at it and bad at all others."""
    rng = np.random.default_rng(2)
    profiles = []
    for number in range(each * len(domains)):
        own = domains[number % len(domains)]
        scores = {domain: float(rng.uniform(0.8, 0.9)) for domain in domains}
        scores = {domain: scores[domain] - 0.5 * (domain != own) for domain in domains}
        profiles.append(provider(f"p{number}", domains=(own,), scores=scores))
    return profiles


def clusters(profiles, hubs: int, seed: int = 0) -> list[list[int]]:
    return cluster_by_capability(profiles, hubs, np.random.default_rng(seed))


@given(
    tiers=st.lists(st.integers(1, 3), min_size=1, max_size=25),
    hubs=st.integers(1, 25),
    seed=st.integers(0, 5),
)
@examples(150)
def test_every_provider_is_in_one_hub_and_sizes_differ_by_one_at_most(tiers, hubs, seed):
    hubs = min(hubs, len(tiers))
    profiles = [
        provider(f"p{number}", tier=tier, scores={"law": 0.1 * (number % 7)})
        for number, tier in enumerate(tiers)
    ]
    found = clusters(profiles, hubs, seed)
    assert len(found) == hubs
    assert sorted(index for hub in found for index in hub) == list(range(len(tiers)))
    assert all(hub == sorted(hub) for hub in found)
    sizes = [len(hub) for hub in found]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_providers_that_can_do_obviously_different_things_part(seed):
    profiles = specialists("code", "law", "writing")
    found = clusters(profiles, 3, seed)
    assert [{profiles[index].domains for index in hub} for hub in sorted(found)] == [
        {("code",)},
        {("law",)},
        {("writing",)},
    ]


def test_tiers_part_where_nothing_else_differs():
    profiles = [provider(f"p{number}", tier=1 + 2 * (number % 2)) for number in range(8)]
    assert sorted(clusters(profiles, 2)) == [[0, 2, 4, 6], [1, 3, 5, 7]]


def test_clusters_depend_on_the_generator_alone():
    groups = [ProviderGroup(name="g", count=60, domains=("a", "b", "c"), specialties=2)]
    profiles = [one.profile for one in draw_providers(groups, Electricity(), 3)]
    assert clusters(profiles, 8, seed=4) == clusters(profiles, 8, seed=4)
    assert {len(hub) for hub in clusters(profiles, 8, seed=4)} == {7, 8}


def test_equal_providers_are_dealt_out_evenly():
    found = clusters([provider(f"p{number}") for number in range(7)], 3)
    assert sorted(len(hub) for hub in found) == [2, 2, 3]


def test_as_many_hubs_as_providers_have_one_each():
    found = clusters(specialists("code", "law"), 12)
    assert sorted(found) == [[index] for index in range(12)]


def test_capabilities_are_scaled_so_that_each_weighs_the_same():
    vectors = capability_vectors(specialists("code", "law"))
    assert vectors.mean(axis=0) == pytest.approx(0.0)
    assert set(vectors.std(axis=0).round(9).tolist()) == {0.0, 1.0}  # all tiers are the same
    assert (vectors[:, 0] == 0).all()


def test_a_missing_score_counts_as_zero():
    with_score, without = provider("p", scores={"law": 0.5}), provider("q", scores={})
    vectors = capability_vectors([with_score, without])
    assert vectors[0].tolist() == pytest.approx((-vectors[1]).tolist())
    assert vectors[0, -1] > 0
