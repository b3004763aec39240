import numpy as np
import pytest

from hubs.routing.classifier import DomainClassifier
from tests.hubs.builders import request
from tests.hubs.routing.builders import DIALOGUES, DOMAINS, about


def trained(labels: int = 300) -> DomainClassifier:
    learner = DomainClassifier(DOMAINS)
    for number in range(labels):
        domain = DOMAINS[number % 3]
        learner.learn(about(domain, number), domain)
    return learner


def share_right(learner: DomainClassifier, seed: int, topical: float = 0.5) -> float:
    """Of 300 requests, 100 of each domain."""
    asked = [(DOMAINS[number % 3], seed + number) for number in range(300)]
    guesses = [learner.classify(about(domain, draw, topical=topical)) for domain, draw in asked]
    return float(
        np.mean([guess == domain for guess, (domain, _) in zip(guesses, asked, strict=True)])
    )


def test_before_anything_was_learned_a_domain_is_drawn_by_the_name_of_the_dialogue():
    fresh = DomainClassifier(DOMAINS)
    guesses = [fresh.classify(request(f"{name}.1")) for name in DIALOGUES]
    assert all(
        guesses.count(domain) / len(guesses) == pytest.approx(1 / 3, abs=0.03) for domain in DOMAINS
    )
    assert guesses[:50] == [fresh.classify(request(f"{name}.2")) for name in DIALOGUES[:50]]


def test_domains_are_learned_from_words():
    assert share_right(trained(), seed=10_000) > 0.9


def test_words_that_say_nothing_are_guessed_no_better_than_by_chance():
    assert share_right(trained(), seed=20_000, topical=0.0) < 0.5


@pytest.mark.parametrize("terms", [(), ("never-seen",)])
def test_words_that_nobody_used_before_still_name_a_domain(terms):
    assert trained(30).classify(request(terms=terms)) in DOMAINS
