from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hubs.clustering.domain import cluster_by_domain
from tests.hubs.builders import provider
from tests.strategies import examples


def specialists(**counts: int) -> list:
    """So many providers of each domain, with four slots each."""
    return [
        provider(f"{domain}-{number}", domains=(domain, "everything"), chat_slots=4)
        for domain, count in counts.items()
        for number in range(count)
    ]


def domains_of(profiles, hubs: int) -> list[set[str]]:
    """The first specialties in every hub."""
    found = cluster_by_domain(profiles, hubs, np.random.default_rng(1))
    return [{profiles[index].domains[0] for index in hub} for hub in found]


def test_domains_get_hubs_in_proportion_to_their_slots():
    hubs = domains_of(specialists(code=12, law=6, writing=6), 4)
    assert Counter(domain for hub in hubs for domain in hub) == {"code": 2, "law": 1, "writing": 1}


def test_slots_count_and_not_heads():
    few = [provider(f"p{number}", domains=("code",), chat_slots=30) for number in range(3)]
    hubs = domains_of(few + specialists(law=10), 4)
    assert Counter(domain for hub in hubs for domain in hub) == {"code": 3, "law": 1}


def test_a_domain_gets_no_more_hubs_than_it_has_providers():
    few = [provider("giant", domains=("code",), chat_slots=900)]
    hubs = domains_of(few + specialists(law=4), 3)
    assert Counter(domain for hub in hubs for domain in hub) == {"code": 1, "law": 2}


def test_with_fewer_hubs_than_domains_whole_domains_share_one():
    hubs = domains_of(specialists(code=12, law=6, writing=6), 2)
    assert sorted(hubs, key=len) == [{"code"}, {"law", "writing"}]


def test_those_without_a_specialty_are_together():
    plain = [provider(f"p{number}", domains=()) for number in range(4)]
    found = cluster_by_domain(plain + specialists(law=2), 2, np.random.default_rng(0))
    assert found == [[0, 1, 2, 3], [4, 5]]


@given(
    kinds=st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9)), min_size=3, max_size=25),
    data=st.data(),
)
@examples(100)
def test_every_domain_has_hubs_of_its_own_and_these_are_balanced(kinds, data):
    profiles = [
        provider(f"p{number}", domains=(domain,), chat_slots=slots)
        for number, (domain, slots) in enumerate(kinds)
    ]
    fewest = len({domain for domain, _ in kinds})
    hubs = data.draw(st.integers(fewest, len(kinds)))
    found = cluster_by_domain(profiles, hubs, np.random.default_rng(0))
    totals: dict[str, list[int]] = {}
    for hub in found:
        (domain,) = {profiles[index].domains[0] for index in hub}
        totals.setdefault(domain, []).append(sum(profiles[index].chat_slots for index in hub))
    largest = {domain: max(slots for name, slots in kinds if name == domain) for domain in totals}
    assert len(totals) == fewest
    assert all(max(those) - min(those) <= largest[domain] for domain, those in totals.items())
