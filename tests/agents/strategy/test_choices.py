"""Every strategy, by the name that a scenario gives it."""

from functools import partial

import pytest
from pydantic import TypeAdapter, ValidationError

from agents.strategy import Aggressive, Conservative, NoRegret, Random, Strategy, Truthful
from market import seeding

STRATEGIES = {
    "truthful": Truthful(),
    "aggressive": Aggressive(by=1.4),
    "conservative": Conservative(by=0.7),
    "random": Random(between=(0.5, 2.0)),
    "no_regret": NoRegret(),
}


def reported(strategy, seed: int = 3, rounds: int = 200) -> list[float]:
    """The factors of one participant, whose reports bring more the higher they are."""
    reporter = strategy.start()
    factors = []
    for number in range(rounds):
        report = reporter.report(partial(seeding.uniform, seed, "r", number))
        reporter.learn(report, report.factor - 1)
        factors.append(report.factor)
    return factors


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_reports_follow_from_the_draws_and_from_what_was_told(strategy):
    assert reported(strategy) == reported(strategy)
    assert all(0.001 <= factor <= 1000 for factor in reported(strategy))


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_participants_of_one_strategy_learn_apart(strategy):
    alone = reported(strategy)
    reported(strategy, seed=4)
    assert reported(strategy) == alone


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_without_feedback_nothing_is_learned(strategy):
    reporter = strategy.without_feedback().start()
    before = reporter.report(lambda: 0.3)
    for factor in (1.0, 2.0):
        reporter.learn(before, factor)
    assert reporter.report(lambda: 0.3) == before


def test_only_a_learner_reports_otherwise_without_feedback():
    others = {kind for kind, one in STRATEGIES.items() if one.without_feedback() != one}
    assert others == {"no_regret"}
    assert STRATEGIES["no_regret"].without_feedback() == Truthful()


@pytest.mark.parametrize(
    ("document", "strategy"),
    [
        ({"kind": "truthful"}, Truthful()),
        ({"kind": "aggressive", "by": 2}, Aggressive(by=2.0)),
        ({"kind": "conservative"}, Conservative(by=0.8)),
        ({"kind": "random", "between": [1, 2]}, Random(between=(1.0, 2.0))),
        ({"kind": "no_regret"}, NoRegret(factors=(0.7, 0.85, 1.0, 1.2, 1.5), rate=None)),
        (
            {"kind": "no_regret", "factors": [1, 2], "rate": 0.05},
            NoRegret(factors=(1.0, 2.0), rate=0.05),
        ),
    ],
)
def test_a_strategy_is_named_by_its_kind(document, strategy):
    assert TypeAdapter(Strategy).validate_python(document) == strategy


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"kind": "greedy"}, "greedy"),
        ({"by": 2}, "kind"),
        ({"kind": "truthful", "by": 2}, "by"),
        ({"kind": "aggressive", "by": 0.9}, "greater than or equal to 1"),
        ({"kind": "conservative", "by": 1.1}, "less than or equal to 1"),
        ({"kind": "conservative", "by": 0}, "greater than or equal to 0.001"),
        ({"kind": "random", "between": [2, 1]}, r"low <= high <= 1000, got \[2.0, 1.0\]"),
        ({"kind": "random", "between": [0, 1]}, r"low <= high <= 1000, got \[0.0, 1.0\]"),
        ({"kind": "no_regret", "factors": [1]}, "at least 2 items"),
        ({"kind": "no_regret", "factors": [1, 2, 1.0]}, "expected different factors, got 1 again"),
        ({"kind": "no_regret", "factors": [0, 1]}, "greater than or equal to 0.001"),
        ({"kind": "no_regret", "factors": [1, 1001]}, "less than or equal to 1000"),
        ({"kind": "no_regret", "rate": 0}, "greater than 0"),
        ({"kind": "no_regret", "rate": 1.1}, "less than or equal to 1"),
    ],
)
def test_a_malformed_strategy_is_refused(document, complaint):
    with pytest.raises(ValidationError, match=complaint):
        TypeAdapter(Strategy).validate_python(document)
