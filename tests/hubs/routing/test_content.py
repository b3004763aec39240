import pytest

from hubs.routing.content import ByContent
from tests.hubs.builders import provider
from tests.hubs.routing.builders import DIALOGUES, DOMAINS, HUBS, shares


def by_content(**hubs) -> ByContent:
    return ByContent(hubs or HUBS, DOMAINS)


def test_hubs_get_dialogues_in_proportion_to_the_slots_that_serve_their_domain():
    expected = {"coders": 4 / 7, "lawyers": 3 / 7}
    assert shares(by_content(), "code") == pytest.approx(expected, abs=0.03)
    assert shares(by_content(), "law") == {"lawyers": 1.0}


def test_a_hub_without_slots_for_a_domain_never_gets_it_while_another_has():
    assert all("idle" not in shares(by_content(), domain) for domain in DOMAINS)


def test_a_domain_that_nobody_specialises_in_goes_wherever_there_are_slots():
    expected = {"coders": 0.5, "lawyers": 0.5}
    assert shares(by_content(), "writing") == pytest.approx(expected, abs=0.03)


def test_a_hub_more_takes_dialogues_only_for_itself():
    """Rendezvous hashing: no dialogue moves between the hubs there were."""
    wider = HUBS | {"new": [provider("e", domains=("code",), chat_slots=4)]}
    moved = 0
    for name in DIALOGUES[:1000]:
        before = by_content().hub_of(name, "code")
        after = by_content(**wider).hub_of(name, "code")
        assert after in (before, "new")
        moved += after == "new"
    assert moved / 1000 == pytest.approx(4 / 11, abs=0.05)
