"""Every rule: it names a hub that there is, by names alone, and few dialogues ever move."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubs.routing import ROUTINGS
from tests.hubs.builders import provider
from tests.hubs.routing.builders import DIALOGUES, DOMAINS, HUBS, shares
from tests.strategies import examples

every_rule = pytest.mark.parametrize("rule", ROUTINGS.values(), ids=ROUTINGS)


@every_rule
@given(
    hubs=st.lists(
        st.lists(st.tuples(st.sampled_from(DOMAINS), st.integers(0, 3)), min_size=1, max_size=3),
        min_size=1,
        max_size=7,
    ),
    dialogue=st.text(max_size=5),
    domain=st.sampled_from(DOMAINS),
)
@examples(100)
def test_it_names_a_hub_and_always_the_same(rule, hubs, dialogue, domain):
    members = {
        f"hub-{number}": [provider("p", domains=(own,), chat_slots=slots) for own, slots in hub]
        for number, hub in enumerate(hubs)
    }
    hub = rule(members, DOMAINS).hub_of(dialogue, domain)
    assert hub in members
    assert rule(members, DOMAINS).hub_of(dialogue, domain) == hub


@every_rule
def test_where_nobody_has_slots_a_dialogue_still_has_a_hub(rule):
    assert rule({"idle": HUBS["idle"]}, DOMAINS).hub_of("d", "law") == "idle"


@every_rule
def test_a_market_without_hubs_has_a_rule_that_nobody_asks(rule):
    rule({}, DOMAINS)


@every_rule
def test_alike_hubs_get_alike_many_dialogues_in_all(rule):
    hubs = {f"hub-{number}": [provider("p", domains=DOMAINS)] for number in range(3)}
    found = rule(hubs, DOMAINS)
    routed = [found.hub_of(name, DOMAINS[number % 3]) for number, name in enumerate(DIALOGUES)]
    assert all(routed.count(hub) / len(routed) == pytest.approx(1 / 3, abs=0.04) for hub in hubs)


@every_rule
def test_a_hub_without_slots_gets_nothing_while_another_may_have_it(rule):
    hubs = {f"hub-{number}": [provider("p", domains=DOMAINS)] for number in range(3)}
    hubs |= {f"idle-{number}": [provider("p", domains=DOMAINS, chat_slots=0)] for number in "345"}
    found = rule(hubs, DOMAINS)
    assert all(not hub.startswith("idle") for one in DOMAINS for hub in shares(found, one))
