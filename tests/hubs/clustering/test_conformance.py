"""Every clustering: each provider in one hub, somebody in each hub, slots balanced."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubs.clustering import CLUSTERINGS
from tests.hubs.builders import provider
from tests.strategies import examples

every_clustering = pytest.mark.parametrize("cluster", CLUSTERINGS.values(), ids=CLUSTERINGS)
balancing = pytest.mark.parametrize("name", ["capability", "random"])


@st.composite
def populations(draw):
    """Providers of several tiers, domains and sizes, and how many hubs to make of them."""
    kinds = draw(
        st.lists(
            st.tuples(
                st.integers(1, 3), st.sampled_from([1, 1, 2, 5, 30]), st.sampled_from("abcde")
            ),
            min_size=1,
            max_size=25,
        )
    )
    profiles = [
        provider(
            f"p{number}",
            tier=tier,
            chat_slots=slots,
            domains=(domain, "z"),
            scores={"law": 0.1 * (number % 7)},
        )
        for number, (tier, slots, domain) in enumerate(kinds)
    ]
    return profiles, draw(st.integers(1, len(profiles)))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@every_clustering
@given(population=populations(), seed=st.integers(0, 5))
@examples(100)
def test_every_provider_is_in_exactly_one_hub_and_no_hub_is_empty(cluster, population, seed):
    profiles, hubs = population
    found = cluster(profiles, hubs, rng(seed))
    assert len(found) == hubs
    assert all(found)
    assert sorted(index for hub in found for index in hub) == list(range(len(profiles)))
    assert all(hub == sorted(hub) for hub in found)
    assert all(type(index) is int for hub in found for index in hub)


@every_clustering
def test_there_are_no_hubs_where_there_is_nobody(cluster):
    assert cluster([], 0, rng()) == []


@every_clustering
@given(population=populations(), seed=st.integers(0, 5))
@examples(40)
def test_the_same_generator_gives_the_same_hubs(cluster, population, seed):
    profiles, hubs = population
    assert cluster(profiles, hubs, rng(seed)) == cluster(profiles, hubs, rng(seed))


@every_clustering
def test_as_many_hubs_as_providers_have_one_each(cluster):
    profiles = [provider(f"p{number}", domains=("ab"[number % 2],)) for number in range(12)]
    assert sorted(cluster(profiles, 12, rng())) == [[index] for index in range(12)]


@every_clustering
def test_one_hub_has_everybody(cluster):
    profiles = [provider(f"p{number}", domains=("abc"[number % 3],)) for number in range(7)]
    assert cluster(profiles, 1, rng()) == [list(range(7))]


@balancing
@given(population=populations(), seed=st.integers(0, 5))
@examples(100)
def test_a_hub_exceeds_the_smallest_by_at_most_the_slots_of_its_smallest_provider(
    name, population, seed
):
    profiles, hubs = population
    found = CLUSTERINGS[name](profiles, hubs, rng(seed))
    totals = [sum(profiles[index].chat_slots for index in hub) for hub in found]
    for hub, total in zip(found, totals, strict=True):
        assert total - min(totals) <= min(profiles[index].chat_slots for index in hub)
