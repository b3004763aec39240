import pytest
from pydantic import ValidationError

from agents.electricity import Electricity

HOUR_S = 3600.0


@pytest.mark.parametrize(
    ("hour", "factor"),
    [
        (8, 1.75),
        (11, 1.75 + 0.75 * 0.5**0.5),
        (14, 2.5),
        (20, 1.75),
        (2, 1.0),
        (26, 1.0),
        (32, 1.75),
    ],
)
def test_the_factor_follows_the_hour_of_the_day(hour, factor):
    clock = Electricity(beta=1.5, start_hour=0.0)
    assert clock.factor(hour * HOUR_S) == pytest.approx(factor)


def test_the_start_hour_shifts_the_day():
    assert Electricity(start_hour=14.0).factor(0.0) == pytest.approx(2.5)
    assert Electricity().factor(6 * HOUR_S) == pytest.approx(2.5)


def test_a_day_may_be_shorter():
    assert Electricity(day_s=120.0, start_hour=8.0).factor(30.0) == pytest.approx(2.5)
    assert Electricity(day_s=120.0, start_hour=8.0).factor(90.0) == pytest.approx(1.0)


def test_without_sensitivity_the_factor_is_one():
    assert {Electricity(beta=0.0).factor(time_s) for time_s in (0.0, 1e4, 1e5)} == {1.0}


@pytest.mark.parametrize(
    "wrong", [{"beta": -0.1}, {"day_s": 0}, {"start_hour": 25}, {"start_hour": -1}, {"peak": 1}]
)
def test_a_malformed_clock_is_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Electricity(**wrong)
