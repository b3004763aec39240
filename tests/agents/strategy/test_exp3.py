from collections import deque
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.strategy import Exp3, NoRegret, Report
from market import seeding
from tests.strategies import examples

FACTORS = (0.25, 0.6, 1.0, 1.5, 2.2)

#: What a report brings, by its factor and the rival of the round, a draw from [0, 1).
Game = Callable[[float, float], float]

COST = 0.4


def first_price(factor: float, rival: float) -> float:
    """Who asks less sells, and is paid what it asks; the factor 1.5 is the best of ours."""
    ask = COST * factor
    return ask - COST if ask < rival else 0.0


def second_price(factor: float, rival: float) -> float:
    """Who asks less sells, and is paid what the other asks; the truth is best."""
    return rival - COST if COST * factor < rival else 0.0


def at_a_loss(factor: float, rival: float) -> float:
    """Everything loses money, the middle the least."""
    return -abs(factor - 1.0) - rival


GAMES: dict[str, Game] = {
    "first price": first_price,
    "second price": second_price,
    "at a loss": at_a_loss,
}


def play(
    game: Game, rounds: int, seed: int, late: int = 0, unit: float = 1.0, rate: float | None = None
) -> tuple[list[float], list[float]]:
    """The factors reported and the rivals met, each told ``late`` rounds after."""
    learner = NoRegret(factors=FACTORS, rate=rate).start()
    told: deque[tuple[Report, float]] = deque()
    factors, rivals = [], []
    for number in range(rounds):
        rival = seeding.uniform(seed, "rival", number)
        report = learner.report(partial(seeding.uniform, seed, "report", number))
        told.append((report, unit * game(report.factor, rival)))
        if len(told) > late:
            learner.learn(*told.popleft())
        factors.append(report.factor)
        rivals.append(rival)
    return factors, rivals


def regret(game: Game, factors: list[float], rivals: list[float]) -> float:
    """Mean loss a round against the best fixed factor, over the greatest size of a utility."""
    by_factor = np.array([[game(factor, rival) for rival in rivals] for factor in FACTORS])
    earned = np.mean([game(*one) for one in zip(factors, rivals, strict=True)])
    return float((by_factor.mean(axis=1).max() - earned) / np.abs(by_factor).max())


@pytest.mark.parametrize("late", [0, 20])
@pytest.mark.parametrize("game", GAMES.values(), ids=GAMES)
def test_the_regret_against_the_best_fixed_factor_vanishes(game: Game, late: int) -> None:
    lengths = (100, 1_000, 10_000)
    plays = [play(game, lengths[-1], seed, late) for seed in range(4)]
    means = [
        np.mean([regret(game, factors[:length], rivals[:length]) for factors, rivals in plays])
        for length in lengths
    ]
    assert means[0] > means[1] > means[2]
    assert means[2] < 0.03


@pytest.mark.parametrize(
    ("game", "best"), [(first_price, 1.5), (second_price, 1.0), (at_a_loss, 1.0)]
)
def test_in_the_end_the_best_factor_is_reported_most(game: Game, best: float) -> None:
    factors, _ = play(game, 10_000, seed=1)
    last = factors[-2_000:]
    assert max(set(last), key=last.count) == best


@pytest.mark.parametrize("unit", [2.0**-40, 2.0**30])
def test_the_unit_of_utility_makes_no_difference(unit: float) -> None:
    assert play(first_price, 300, 1, unit=unit) == play(first_price, 300, 1)


def test_reports_that_brought_nothing_move_no_weight() -> None:
    learner = Exp3(FACTORS, 0.2)
    learner.learn(learner.report(lambda: 0.9), 3.0)
    before = learner.chances()
    for draw in (0.1, 0.5, 0.8):
        learner.learn(learner.report(lambda draw=draw: draw), 0.0)
    assert learner.chances() == before


@given(
    utilities=st.lists(st.floats(-1e12, 1e12), max_size=30),
    rate=st.none() | st.floats(0.001, 1),
    draw=st.floats(0, 1, exclude_max=True),
)
@examples(200)
def test_chances_are_a_distribution_that_never_stops_exploring(
    utilities: list[float], rate: float | None, draw: float
) -> None:
    learner = Exp3(FACTORS, rate)
    for utility in utilities:
        report = learner.report(lambda: draw)
        assert report.factor == FACTORS[report.arm]
        learner.learn(report, utility)
    chances = learner.chances()
    assert sum(chances) == pytest.approx(1.0)
    least = (rate or min(1.0, np.sqrt(5 * np.log(5) / 1.72 / max(1, len(utilities))))) / 5
    assert min(chances) >= 0.99 * least


def test_the_chance_of_a_report_is_that_of_its_factor() -> None:
    learner = Exp3((1.0, 2.0), 0.5)
    learner.learn(Report(2.0, 1, 0.5), 8.0)
    # Weights e^0 and e^(0.25 * (8 / 0.5) / 8) = e^0.5, half of the reports explore.
    second = 0.5 * np.exp(0.5) / (1 + np.exp(0.5)) + 0.25
    assert learner.chances() == pytest.approx([1 - second, second])
    for draw, factor, chance in ((0.0, 1.0, 1 - second), (0.999, 2.0, second)):
        report = learner.report(lambda draw=draw: draw)
        assert (report.factor, report.chance) == (factor, pytest.approx(chance))
