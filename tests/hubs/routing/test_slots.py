import pytest

from hubs.routing.slots import BySlots
from tests.hubs.routing.builders import DIALOGUES, DOMAINS, HUBS, shares


def test_hubs_get_dialogues_in_proportion_to_all_their_slots_whatever_the_domain():
    rule = BySlots({**HUBS, "more": [*HUBS["coders"], *HUBS["lawyers"]]}, DOMAINS)
    expected = {"coders": 0.25, "lawyers": 0.25, "more": 0.5}
    assert shares(rule, "law") == pytest.approx(expected, abs=0.03)
    assert all(rule.hub_of(name, "law") == rule.hub_of(name, "code") for name in DIALOGUES[:300])
