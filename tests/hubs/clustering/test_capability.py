from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from agents.electricity import Electricity
from agents.population import draw_providers
from agents.provider_group import ProviderGroup
from hubs.clustering.capability import capability_vectors, cluster_by_capability
from tests.hubs.builders import provider


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


def test_slots_are_balanced_and_not_heads():
    """A provider with many slots and those that are alike but small: two hubs of 12 slots."""
    profiles = [provider("large", chat_slots=12, tier=3)]
    profiles += [provider(f"p{number}", chat_slots=2) for number in range(6)]
    assert sorted(clusters(profiles, 2)) == [[0], [1, 2, 3, 4, 5, 6]]


def test_hubs_of_different_sizes_of_provider_are_still_of_one_kind():
    sizes = {"code": 1, "law": 3, "writing": 6}
    profiles = [
        replace(one, chat_slots=sizes[one.domains[0]])
        for one in specialists("code", "law", "writing", each=6)
    ]
    profiles = [one for one in profiles for _ in range(6 // one.chat_slots)]
    found = clusters(profiles, 3)
    assert [len({profiles[index].domains for index in hub}) for hub in found] == [1, 1, 1]


@pytest.mark.parametrize("seed", range(5))
def test_no_two_alike_large_providers_would_rather_change_places(seed):
    """K-means has come to rest: in sum they are nearest to the centres of their own hubs."""
    rng = np.random.default_rng(seed)
    scores = rng.random((40, 3)).round(3).tolist()
    profiles = [
        provider(f"p{number}", scores=dict(zip("abc", own, strict=True)), domains=())
        for number, own in enumerate(scores)
    ]
    found = clusters(profiles, 4, seed)
    vectors = capability_vectors(profiles)
    centres = np.array([vectors[hub].mean(axis=0) for hub in found])
    distance = ((vectors[:, None, :] - centres) ** 2).sum(axis=2)
    for (hub, one), (other_hub, other) in combinations(
        [(hub, one) for hub, members in enumerate(found) for one in members], 2
    ):
        now = distance[one, hub] + distance[other, other_hub]
        assert now <= distance[one, other_hub] + distance[other, hub] + 1e-5


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
