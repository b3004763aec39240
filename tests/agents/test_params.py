import math

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from agents.params import Distribution, Draw

MANY = 20_000


def drawn(**named) -> np.ndarray:
    rng = np.random.default_rng(4)
    distribution = Distribution(**named)
    return np.array([distribution.draw(rng) for _ in range(MANY)])


class Model(BaseModel):
    length: Draw


def test_a_constant_is_always_drawn():
    assert set(drawn(constant=2.5)) == {2.5}


def test_a_uniform_draw_fills_its_interval():
    draws = drawn(uniform=(2.0, 4.0))
    assert 2.0 <= draws.min() < 2.01
    assert 3.99 < draws.max() <= 4.0
    assert draws.mean() == pytest.approx(3.0, abs=0.02)


def test_an_interval_may_be_a_point():
    assert set(drawn(uniform=(3.0, 3.0))) == {3.0}


def test_a_normal_draw_has_its_mean_and_deviation():
    draws = drawn(normal=(-1.0, 2.0))
    assert draws.mean() == pytest.approx(-1.0, abs=0.05)
    assert draws.std() == pytest.approx(2.0, abs=0.05)


def test_a_lognormal_draw_has_its_median_and_spread():
    draws = drawn(lognormal=(600.0, 0.9))
    assert np.median(draws) == pytest.approx(600.0, rel=0.03)
    assert np.log(draws).std() == pytest.approx(0.9, rel=0.03)


def test_a_choice_draws_each_of_its_values_alike():
    values, counts = np.unique(drawn(choice=(1, 2, 8)), return_counts=True)
    assert values.tolist() == [1.0, 2.0, 8.0]
    assert counts / MANY == pytest.approx([1 / 3] * 3, abs=0.02)


@pytest.mark.parametrize(
    "named",
    [
        {"constant": 1.0},
        {"uniform": (0.0, 1.0)},
        {"normal": (0.0, 1.0)},
        {"lognormal": (1.0, 1.0)},
        {"choice": (1.0, 2.0)},
    ],
)
def test_a_draw_is_a_plain_float_and_depends_on_its_generator_alone(named):
    one, other = (Distribution(**named).draw(np.random.default_rng(9)) for _ in range(2))
    assert one == other
    assert type(one) is float


def test_a_draw_outside_its_bounds_is_moved_to_the_nearest_end():
    rng = np.random.default_rng(1)
    far = Distribution(choice=(-5.0, 0.5, 7.0))
    assert {far.draw_within(rng, 0.0, 1.0) for _ in range(100)} == {0.0, 0.5, 1.0}


def test_the_widest_lognormal_is_drawn_without_overflow():
    assert np.isfinite(drawn(lognormal=(1e15, 100.0))).all()


def test_a_plain_number_is_a_constant():
    assert Model(length="1e-3").length == Distribution(constant=0.001)
    assert Model(length=3).length == Distribution(constant=3.0)
    assert Model(length={"uniform": [1, 2]}).length == Distribution(uniform=(1.0, 2.0))


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({}, "expected exactly one of constant, uniform, normal, lognormal, choice"),
        (
            {"constant": 1, "choice": [1]},
            "expected exactly one of constant, uniform, normal, lognormal, choice",
        ),
        (
            {"uniform": None},
            "expected exactly one of constant, uniform, normal, lognormal, choice",
        ),
        ({"uniform": [2, 1]}, r"expected uniform \[low, high\] with low <= high, got \(2.0, 1.0\)"),
        ({"uniform": [1]}, "uniform"),
        ({"uniform": [1, 2, 3]}, "uniform"),
        ({"lognormal": [0, 1]}, "greater than 0"),
        ({"lognormal": [1, -1]}, "greater than or equal to 0"),
        ({"lognormal": [1, 101]}, "less than or equal to 100"),
        ({"choice": []}, "at least 1 item"),
        ({"constant": math.nan}, "finite number"),
        ({"constant": math.inf}, "finite number"),
        ({"uniform": [0, math.inf]}, "finite number"),
        ({"normal": [math.nan, 1]}, "finite number"),
        ({"choice": [1, math.nan]}, "finite number"),
        ({"gauss": [0, 1]}, "gauss"),
        ({"constant": "much"}, "valid number"),
        (True, "valid dictionary or instance of Distribution"),
        ("0_1", "valid dictionary or instance of Distribution"),
        ("\u0660.\u0662", "valid dictionary or instance of Distribution"),
        ("three", "valid dictionary or instance of Distribution"),
        (None, "valid dictionary or instance of Distribution"),
    ],
)
def test_a_malformed_distribution_is_refused(value, complaint):
    with pytest.raises(ValidationError, match=complaint):
        Model(length=value)


def test_parameters_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Distribution(constant=1.0).constant = 2.0
