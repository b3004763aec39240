from dataclasses import replace

import pytest

from hubs.routing import ROUTINGS
from hubs.routing.router import Router
from market.messages import Valuation
from tests.hubs.builders import request
from tests.hubs.routing.builders import DIALOGUES, DOMAINS, HUBS, about, signal

every_routing = pytest.mark.parametrize("routing", ROUTINGS)
FULL = [signal("coders", 0, 7), signal("lawyers", 5), signal("idle", 0)]


def router(routing: str = "content", **options) -> Router:
    return Router(HUBS, DOMAINS, routing, **options)


def homes(found: Router, turn: int, domain: str = "code", count: int = 200) -> list[str]:
    """The hubs that a turn of every dialogue goes to."""
    return [found.route(request(f"{name}.{turn}", turn=turn), domain) for name in DIALOGUES[:count]]


@every_routing
@pytest.mark.parametrize("overflow", [False, True])
def test_neither_guess_nor_hub_depends_on_what_a_client_reports(routing, overflow):
    plain, told = router(routing, overflow=overflow), router(routing, overflow=overflow)
    for number in range(100):
        asked = about(DOMAINS[number % 3], number, dialogue=f"d-{number}")
        rich = replace(asked, reported=Valuation(1.0, 1e9, 0.0), client="somebody else")
        guess = plain.classify(asked)
        assert told.classify(rich) == guess
        assert told.route(rich, guess) == plain.route(asked, guess)
        if number % 10 == 0:
            for one in (plain, told):
                one.learn(asked, DOMAINS[number % 3])
                one.hear(FULL)


@every_routing
def test_a_new_dialogue_goes_where_the_rule_says(routing):
    rule = ROUTINGS[routing](HUBS, DOMAINS)
    expected = [rule.hub_of(name, "law") for name in DIALOGUES[:200]]
    assert homes(router(routing), 1, "law") == expected


@every_routing
def test_a_dialogue_stays_in_its_hub_whatever_is_learned_and_its_later_turns_look_like(routing):
    found = router(routing)
    before = homes(found, 1)
    for number in range(50):
        found.learn(about("law", number), "law")
    assert homes(found, 2, "law") == before


@every_routing
def test_without_overflow_what_hubs_publish_changes_nothing(routing):
    deaf, hearing = router(routing), router(routing)
    for turn in (1, 2, 3):
        hearing.hear(FULL)
        assert homes(hearing, turn) == homes(deaf, turn)


def test_with_overflow_a_dialogue_moves_from_a_full_hub_for_good():
    found = router(overflow=True)
    asked = next(one for one in DIALOGUES if found.route(request(f"{one}.1"), "code") == "coders")
    found.hear(FULL)
    assert found.route(request(f"{asked}.2"), "code") == "lawyers"
    found.hear([signal("coders", 50), signal("lawyers", 1), signal("idle", 0)])
    assert found.route(request(f"{asked}.3"), "code") == "lawyers"


def test_with_overflow_new_dialogues_go_elsewhere_too_but_no_more_than_there_is_room_for():
    found = router(overflow=True)
    found.hear(FULL)
    expected = homes(router(), 1)
    moved = [now for now, before in zip(homes(found, 1), expected, strict=True) if now != before]
    assert 0 < len(moved) <= 5
    assert set(moved) == {"lawyers"}


def test_a_dialogue_that_was_silent_longest_is_forgotten_first():
    found = router(most_dialogues=2)
    rule = ROUTINGS["content"](HUBS, DOMAINS)
    first, second, third = [
        name for name in DIALOGUES[:50] if rule.hub_of(name, "code") == "coders"
    ][:3]
    found.route(request(f"{first}.1"), "code")
    found.route(request(f"{second}.1"), "code")
    found.route(request(f"{first}.2"), "code")
    found.route(request(f"{third}.1"), "code")
    assert found.route(request(f"{first}.3"), "law") == "coders"
    assert found.route(request(f"{second}.2"), "law") == "lawyers"
