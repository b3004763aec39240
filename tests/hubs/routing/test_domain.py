import pytest

from hubs.routing.domain import ByDomain
from tests.hubs.builders import provider
from tests.hubs.routing.builders import DOMAINS, shares


def by_domain(*slots: int) -> ByDomain:
    """Hubs of so many slots, all of them lawyers'."""
    hubs = {
        f"hub-{number}": [provider("p", domains=("law",), chat_slots=many)]
        for number, many in enumerate(slots)
    }
    return ByDomain(hubs, DOMAINS)


def test_with_as_many_hubs_as_domains_each_has_one_whoever_is_in_it():
    rule = by_domain(1, 9, 2)
    assert [shares(rule, domain) for domain in DOMAINS] == [
        {"hub-0": 1.0},
        {"hub-1": 1.0},
        {"hub-2": 1.0},
    ]


def test_with_fewer_hubs_domains_share_them_in_turn():
    rule = by_domain(5, 5)
    assert [set(shares(rule, domain)) for domain in DOMAINS] == [{"hub-0"}, {"hub-1"}, {"hub-0"}]


def test_with_more_hubs_the_hubs_of_a_domain_share_it_in_proportion_to_their_slots():
    rule = by_domain(1, 4, 4, 3, 4)
    assert shares(rule, "code") == pytest.approx({"hub-0": 0.25, "hub-3": 0.75}, abs=0.03)
    assert shares(rule, "law") == pytest.approx({"hub-1": 0.5, "hub-4": 0.5}, abs=0.03)
    assert shares(rule, "writing") == {"hub-2": 1.0}
