import numpy as np
import pytest
from pydantic import ValidationError

from tests.agents.cost.costs import (
    CONSTANT,
    COSTS,
    ELECTRICITY,
    PAPER,
    PARAMS,
    SHORT_DAY,
    SPOT,
    drawn,
)


def test_a_cost_without_a_kind_is_the_papers_at_every_depth():
    params = PARAMS.validate_python({"kind": "sum", "of": [{"base": 1.0}, {"redraw_s": 2.0}]})
    assert {part.kind for part in params.of} == {"paper"}


def test_load_multiplies_by_one_plus_the_slope_times_the_load():
    alone, loaded = drawn(PAPER), drawn({"kind": "load", "of": PAPER, "slope": 2.0})
    for load in (0.0, 0.25, 1.0):
        expected = alone.usd_per_mtok(7.0) * (1 + 2 * load)
        assert loaded.usd_per_mtok(7.0, load) == pytest.approx(expected, rel=1e-15)
    low, high = alone.support(7.0)
    assert loaded.support(7.0) == (low, 3 * high)


def test_a_sum_adds_parts_with_draws_of_their_own():
    cost = drawn({"kind": "sum", "of": [PAPER, PAPER]})
    first, second = cost._parts
    assert cost.usd_per_mtok(3.0) == first.usd_per_mtok(3.0) + second.usd_per_mtok(3.0)
    assert first.usd_per_mtok(3.0) != second.usd_per_mtok(3.0)
    lows = first.support(3.0)[0] + second.support(3.0)[0]
    assert cost.support(3.0)[0] == lows


def test_scarcity_multiplies_by_a_private_factor_that_is_uniform_and_redrawn():
    cost = drawn({"kind": "scarcity", "of": CONSTANT, "between": [0.5, 1.5], "redraw_s": 10.0})
    base = cost.support(0.0)[0] / 0.5
    factors = np.array([cost.usd_per_mtok(10.0 * period) / base for period in range(2000)])
    assert factors.mean() == pytest.approx(1.0, abs=0.03)
    assert (factors.min(), factors.max()) == pytest.approx((0.5, 1.5), abs=0.01)
    assert cost.usd_per_mtok(0.0) == cost.usd_per_mtok(9.9) != cost.usd_per_mtok(10.0)


def test_one_scarcity_in_another_is_drawn_apart_from_it():
    inner = {"kind": "scarcity", "of": CONSTANT}
    cost = drawn({"kind": "scarcity", "of": inner})
    pairs = [
        (cost.usd_per_mtok(second) / cost._of.usd_per_mtok(second), cost._of.usd_per_mtok(second))
        for second in map(float, range(500))
    ]
    assert abs(np.corrcoef(np.array(pairs).T)[0, 1]) < 0.15


@pytest.mark.parametrize(
    ("stated", "moved"),
    [
        (PAPER, True),
        (COSTS["load"], True),
        ({"kind": "sum", "of": [PAPER, PAPER]}, True),
        ({"kind": "scarcity", "of": PAPER}, True),
        (CONSTANT, False),
        (SPOT, False),
        (ELECTRICITY, False),
        ({"kind": "sum", "of": [PAPER, CONSTANT]}, False),
    ],
)
def test_the_cycle_is_the_price_level_of_what_it_multiplies_as_a_whole(stated, moved):
    level = SHORT_DAY.factor(30.0)
    assert drawn(stated).price_level(30.0) == (level if moved else 1.0)
    assert level == pytest.approx(2.5)


def test_a_list_price_replaces_the_base_of_what_has_one():
    assert drawn(CONSTANT, listed_base=0.7).usd_per_mtok(0.0) == 0.7
    assert [PARAMS.validate_python(stated).bases for stated in COSTS.values()] == [
        1, 1, 0, 0, 0, 1, 2, 1,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"kind": "sum", "of": []}, "at least 1 item"),
        ({"kind": "load", "of": PAPER, "slope": 0}, "greater than 0"),
        ({"kind": "load"}, "Field required"),
        ({"kind": "scarcity", "of": PAPER, "between": [2, 1]}, r"low < high <= 1000, got \[2.0, 1"),
        ({"kind": "product", "of": [PAPER]}, "Input tag 'product' found"),
    ],
)
def test_malformed_compositions_are_refused(wrong, complaint):
    with pytest.raises(ValidationError, match=complaint):
        PARAMS.validate_python(wrong)
