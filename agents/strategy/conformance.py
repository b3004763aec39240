"""What every strategy owes the market, looked for in drawn lives; for whoever writes one."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from functools import partial

from agents.strategy.choices import Strategy
from agents.strategy.role import Report, Reporter
from market import seeding
from market.errors import BadInput

#: A report is at most so far from the truth, either way.
MOST_FACTOR = 1e6

ROUNDS = 60


def faults_of_strategy(strategy: Strategy, who: str = "p-000") -> list[str]:
    """The promises that a strategy breaks, in lives of 60 rounds; ``who`` lives them."""
    return list(dict.fromkeys(_broken(strategy, who)))


def _broken(strategy: Strategy, who: str) -> Iterator[str]:
    if pickle.loads(pickle.dumps(strategy)) != strategy:
        yield "a copy of the parameters equals them"
    reporter: Reporter = strategy.start(who)
    factors = _lived(reporter, 0)
    if not all(1 / MOST_FACTOR <= one <= MOST_FACTOR for one in factors):
        yield f"factors are above 0, at least {1 / MOST_FACTOR:g} and at most {MOST_FACTOR:g}"
    again: Reporter = strategy.start(who)
    if _lived(again, 0) != factors:
        yield "reports follow from the draws and the history alone"
    copy = pickle.loads(pickle.dumps(reporter))
    if _lived(copy, ROUNDS) != _lived(reporter, ROUNDS):
        yield "a copy goes on as the original does"
    silent = strategy.without_feedback()
    if silent.without_feedback() != silent:
        yield "without feedback twice is without feedback once"
    told, untold = silent.start(who), silent.start(who)
    if _lived(told, 0) != _lived(untold, 0, feedback=False):
        yield "without feedback nothing depends on feedback"


def _lived(reporter: Reporter, first: int, *, feedback: bool = True) -> list[float]:
    """The factors of some rounds; what they bring is told late, in turn by age."""
    waiting: list[Report] = []
    factors = []
    for number in range(first, first + ROUNDS):
        news = seeding.uniform(0, "news", number)
        if feedback:
            reporter.hear(None if news < 0.3 else 10 * news)
        try:
            report = reporter.report(partial(seeding.uniform, 0, "draw", number))
        except BadInput:  # there is no report of such a factor
            factors.append(-1.0)
            continue
        factors.append(report.factor)
        waiting.append(report)
        if feedback and len(waiting) > 3:
            told = waiting.pop(-1 if number % 2 else 0)
            reporter.learn(told, told.factor - 1.1)
    return factors
