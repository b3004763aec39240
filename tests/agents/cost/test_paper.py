import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.cost import PaperCost, PaperParams
from agents.electricity import Electricity
from tests.strategies import examples

SHORT_DAY = Electricity(day_s=120.0)


def cost_of(name: str = "p", seed: int = 3, base: float = 2.0, **params) -> PaperCost:
    return PaperCost(PaperParams(**params), base, SHORT_DAY, seed, "provider", name)


@given(
    time_s=st.floats(0, 1e6),
    seed=st.integers(0, 2**63),
    base=st.floats(1e-6, 1e6),
    low=st.floats(0.01, 5.0),
    width=st.floats(0.01, 5.0),
)
@examples(300)
def test_a_cost_stays_in_its_public_support(time_s, seed, base, low, width):
    cost = cost_of("p", seed, base, scarcity=(low, low + width))
    lowest, highest = cost.support(time_s)
    assert lowest <= cost.usd_per_mtok(time_s) <= highest


def test_the_support_is_the_base_times_electricity_times_the_bounds_of_scarcity():
    cost = cost_of(base=2.0, scarcity=(0.1, 1.0))
    assert cost.support(0.0) == pytest.approx((0.35, 3.5))
    assert cost.support(30.0) == pytest.approx((0.5, 5.0))
    assert cost.support(90.0) == pytest.approx((0.2, 2.0))


def test_a_cost_depends_on_its_time_and_its_key_and_not_on_what_was_asked_before():
    times = [5.5, 0.0, 17.0, 5.5, 100.0]
    asked_often = cost_of()
    costs = [asked_often.usd_per_mtok(time_s) for time_s in times]
    assert costs == [cost_of().usd_per_mtok(time_s) for time_s in times]
    assert costs[0] == costs[3]
    assert cost_of("q").usd_per_mtok(5.5) != costs[0]
    assert cost_of(seed=4).usd_per_mtok(5.5) != costs[0]


def scarcity(cost: PaperCost, time_s: float) -> float:
    low, high = cost.support(time_s)
    return (cost.usd_per_mtok(time_s) - low) / (high - low)


def test_scarcity_is_drawn_anew_every_period_and_keeps_within_it():
    cost = cost_of(redraw_s=10.0)
    draws = [scarcity(cost, time_s) for time_s in (0.0, 3.0, 9.9, 10.0, 15.0, 20.0)]
    assert draws[0] == pytest.approx(draws[1]) == pytest.approx(draws[2])
    assert draws[3] == pytest.approx(draws[4])
    assert len({round(draws[index], 9) for index in (0, 3, 5)}) == 3


def test_a_period_begins_with_its_round_though_tenths_do_not_add_up():
    assert 0.7 / 0.1 < 7
    cost = cost_of(redraw_s=0.1)
    for period in range(1, 200):
        early, late = scarcity(cost, period / 10), scarcity(cost, period / 10 + 0.05)
        assert early == pytest.approx(late)


def test_scarcity_is_uniform():
    cost = cost_of()
    draws = np.array([scarcity(cost, period + 0.5) for period in range(4000)])
    assert draws.mean() == pytest.approx(0.5, abs=0.02)
    assert np.abs(np.histogram(draws, 10, (0, 1))[0] / 4000 - 0.1).max() < 0.02


def test_the_price_level_is_the_factor_of_electricity():
    assert cost_of().price_level(30.0) == SHORT_DAY.factor(30.0) == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"scarcity": (1.0, 0.1)}, r"low < high <= 1000, got \[1.0, 0.1\]"),
        ({"scarcity": (0.0, 1.0)}, r"low < high <= 1000, got \[0.0, 1.0\]"),
        ({"scarcity": (0.5, 0.5)}, r"low < high <= 1000, got \[0.5, 0.5\]"),
        ({"redraw_s": 0.0}, "greater than or equal to 0.000001"),
        ({"kind": "flat"}, "kind"),
    ],
)
def test_malformed_costs_are_refused(wrong, complaint):
    with pytest.raises(ValidationError, match=complaint):
        PaperParams(**wrong)
