"""What must hold of any strategy, on either side."""

import pickle
from collections import deque
from functools import partial
from typing import get_args

import pytest

from agents.strategy import (
    Aggressive,
    BestResponse,
    Conservative,
    NoRegret,
    Random,
    Report,
    Reporter,
    Ring,
    Strategy,
    Truthful,
)
from market import seeding

MEMBER = "p-1"
RING = Ring(members=("p-0", MEMBER, "p-2"), turn=0.9, rest=2.5, period=2)

#: Every strategy, with the least and the greatest factor that it may report.
STRATEGIES = {
    "truthful": (Truthful(), 1.0, 1.0),
    "aggressive": (Aggressive(by=1.4), 1.4, 1.4),
    "conservative": (Conservative(by=0.7), 0.7, 0.7),
    "random": (Random(between=(0.5, 2.0)), 0.5, 2.0),
    "no_regret": (NoRegret(factors=(0.5, 1.0, 3.0)), 0.5, 3.0),
    "best_response": (BestResponse(most=4.0), 1.0, 4.0),
    "ring": (RING, 0.9, 2.5),
}
LEARNERS = {"no_regret", "best_response"}

each = pytest.mark.parametrize(
    "strategy", [one for one, _, _ in STRATEGIES.values()], ids=list(STRATEGIES)
)


class History:
    """One participant's life: reports by keyed draws, news of prices, feedback maybe late."""

    def __init__(self, reporter: Reporter, seed: int = 3, late: int = 0):
        self.reporter = reporter
        self.factors: list[float] = []
        self._seed = seed
        self._late = late
        self._waiting: deque[Report] = deque()

    def go_on(self, rounds: int) -> list[float]:
        """As many rounds more; the factors of them all."""
        for number in range(len(self.factors), len(self.factors) + rounds):
            news = seeding.uniform(self._seed, "news", number)
            self.reporter.hear(None if news < 0.3 else 10 * news)
            draw = partial(seeding.uniform, self._seed, "draw", number)
            self._waiting.append(self.reporter.report(draw))
            self.factors.append(self._waiting[-1].factor)
            if len(self._waiting) > self._late:
                self._tell()
        return self.factors

    def _tell(self) -> None:
        """Of the newest and the oldest report in turn."""
        report = self._waiting.pop() if len(self.factors) % 2 else self._waiting.popleft()
        self.reporter.learn(report, report.factor - 1.1)


def test_the_names_are_all_that_a_scenario_knows_and_no_two_are_the_same() -> None:
    union, *_ = get_args(Strategy)
    names = [one.model_fields["kind"].default for one in get_args(union)]
    assert len(set(names)) == len(names)
    assert set(names) == set(STRATEGIES)
    assert all(one.kind == name for name, (one, _, _) in STRATEGIES.items())


@each
def test_reports_follow_from_the_draws_and_the_history_alone(strategy: Strategy) -> None:
    first = History(strategy.start(MEMBER)).go_on(100)
    History(strategy.start(MEMBER), seed=4).go_on(100)  # another's life changes nothing
    assert History(strategy.start(MEMBER)).go_on(100) == first


@each
def test_a_copy_goes_on_as_the_original_does(strategy: Strategy) -> None:
    life = History(strategy.start(MEMBER), late=5)
    life.go_on(37)
    copy = pickle.loads(pickle.dumps(life))
    assert copy.go_on(60) == life.go_on(60)
    assert pickle.loads(pickle.dumps(strategy)) == strategy


@pytest.mark.parametrize("late", [0, 7])
@pytest.mark.parametrize("kind", STRATEGIES)
def test_factors_stay_within_their_bounds_in_whatever_order_feedback_comes(
    kind: str, late: int
) -> None:
    strategy, least, most = STRATEGIES[kind]
    factors = History(strategy.start(MEMBER), late=late).go_on(200)
    assert 0 < least <= min(factors) <= max(factors) <= most


@pytest.mark.parametrize("kind", STRATEGIES)
def test_feedback_and_news_change_the_reports_of_learners_alone(kind: str) -> None:
    strategy, _, _ = STRATEGIES[kind]
    told, untold = History(strategy.start(MEMBER)), strategy.start(MEMBER)
    draws = [partial(seeding.uniform, 3, "draw", number) for number in range(200)]
    alike = [untold.report(draw).factor for draw in draws] == told.go_on(200)
    assert alike == (kind not in LEARNERS)


@pytest.mark.parametrize("kind", STRATEGIES)
def test_without_feedback_a_learner_reports_the_truth_and_others_as_before(kind: str) -> None:
    strategy, _, _ = STRATEGIES[kind]
    expected = Truthful() if kind in LEARNERS else strategy
    assert strategy.without_feedback() == expected
    assert strategy.without_feedback().without_feedback() == expected
