from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from hubs.content_router import ContentRouter
from market.messages import ChatRequest, Valuation
from orchestrator.demand.shape import draw_terms
from tests.hubs.builders import provider, request

DOMAINS = ("code", "law", "writing")
HUBS = {
    "coders": [provider("a", domains=("code",), chat_slots=4)],
    "lawyers": [
        provider("b", domains=("law",), chat_slots=1),
        provider("c", domains=("law", "code"), chat_slots=3),
    ],
    "idle": [provider("d", domains=("code", "law"), chat_slots=0)],
}
DIALOGUES = [f"d0-{number:06d}" for number in range(3000)]


def router(**hubs) -> ContentRouter:
    return ContentRouter(hubs or HUBS, DOMAINS)


def about(domain: str, seed: int, dialogue: str = "d-1", topical: float = 0.5) -> ChatRequest:
    """A request with the words of its domain, as the built-in demand draws them."""
    terms = draw_terms(8, topical, domain, np.random.default_rng(seed))
    return request(f"{dialogue}.1", terms=terms)


def trained(labels: int = 300) -> ContentRouter:
    learner = router()
    for number in range(labels):
        domain = DOMAINS[number % 3]
        learner.learn(about(domain, number), domain)
    return learner


def shares(learner: ContentRouter, domain: str) -> dict[str, float]:
    """How many dialogues of a domain each hub gets."""
    routed = [learner.route(request(f"{name}.1"), domain) for name in DIALOGUES]
    return {hub: count / len(DIALOGUES) for hub, count in Counter(routed).items()}


def test_before_anything_was_learned_the_first_domain_is_guessed():
    assert router().classify(about("writing", 0)) == "code"


def test_domains_are_learned_from_words():
    learner = trained()
    asked = [
        (DOMAINS[number % 3], about(DOMAINS[number % 3], 10_000 + number)) for number in range(300)
    ]
    right = np.mean([learner.classify(one) == domain for domain, one in asked])
    assert right > 0.9


def test_words_that_say_nothing_are_guessed_no_better_than_by_chance():
    learner = trained()
    right = np.mean(
        [
            learner.classify(about(DOMAINS[number % 3], 20_000 + number, topical=0.0))
            == DOMAINS[number % 3]
            for number in range(300)
        ]
    )
    assert right < 0.5


@pytest.mark.parametrize("terms", [(), ("never-seen",)])
def test_words_that_nobody_used_before_still_name_a_domain(terms):
    assert trained(30).classify(request(terms=terms)) in DOMAINS


def test_learning_does_not_depend_on_reported_values():
    learner = trained()
    for number in range(50):
        one = about("law", 30_000 + number)
        rich = replace(one, reported=Valuation(1.0, 1e9, 0.0), client="somebody else")
        assert learner.classify(one) == learner.classify(rich)
        assert learner.route(one, "law") == learner.route(rich, "law")


def test_a_dialogue_of_a_domain_stays_in_its_hub_whatever_is_learned():
    learner = router()
    before = [learner.route(request(f"{name}.1"), "code") for name in DIALOGUES[:300]]
    for number in range(100):
        learner.learn(about("law", number), "law")
    later = [learner.route(request(f"{name}.7", turn=7), "code") for name in DIALOGUES[:300]]
    assert later == before
    assert len(set(before)) > 1


def test_hubs_get_dialogues_in_proportion_to_the_slots_that_serve_their_domain():
    assert shares(router(), "code") == pytest.approx({"coders": 4 / 7, "lawyers": 3 / 7}, abs=0.03)
    assert shares(router(), "law") == {"lawyers": 1.0}


def test_a_hub_without_slots_for_a_domain_never_gets_it_while_another_has():
    assert all("idle" not in shares(router(), domain) for domain in DOMAINS)


def test_a_domain_that_nobody_specialises_in_goes_wherever_there_are_slots():
    assert shares(router(), "writing") == pytest.approx({"coders": 0.5, "lawyers": 0.5}, abs=0.03)


def test_a_hub_more_takes_dialogues_only_for_itself():
    """Rendezvous hashing: no dialogue moves between the hubs there were."""
    wider = HUBS | {"new": [provider("e", domains=("code",), chat_slots=4)]}
    moved = 0
    for name in DIALOGUES[:1000]:
        before = router().route(request(f"{name}.1"), "code")
        after = router(**wider).route(request(f"{name}.1"), "code")
        assert after in (before, "new")
        moved += after == "new"
    assert moved / 1000 == pytest.approx(4 / 11, abs=0.05)


def test_where_nobody_has_slots_a_request_still_has_a_hub():
    empty = ContentRouter({"idle": HUBS["idle"]}, DOMAINS)
    assert empty.route(request(), "law") == "idle"


def test_a_dialogue_stays_in_its_hub_whatever_its_later_turns_look_like():
    learner = router()
    for name in DIALOGUES[:100]:
        home = learner.route(request(f"{name}.1"), "code")
        assert learner.route(request(f"{name}.2"), "law") == home
