import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from agents.strategy import MarkDown, MarkUp, Random, Strategy, Truthful
from tests.strategies import examples

draws = st.floats(0, 1, exclude_max=True)


@given(draw=draws)
@examples(50)
def test_the_truthful_report_the_private_number_itself(draw):
    assert Truthful().factor(lambda: draw) == 1.0


@given(draw=draws)
@examples(50)
def test_a_mark_up_or_down_is_always_the_same(draw):
    assert MarkUp(by=1.5).factor(lambda: draw) == 1.5
    assert MarkDown(by=0.25).factor(lambda: draw) == 0.25


@given(draw=draws, low=st.floats(0.1, 5), width=st.floats(0, 5))
@examples(100)
def test_a_random_report_stays_between_its_bounds(draw, low, width):
    assert low <= Random(between=(low, low + width)).factor(lambda: draw) <= low + width


def test_a_random_report_grows_with_the_draw():
    strategy = Random(between=(1.0, 3.0))
    assert [strategy.factor(lambda draw=draw: draw) for draw in (0.0, 0.5, 0.75)] == [1.0, 2.0, 2.5]


@pytest.mark.parametrize(
    ("document", "strategy"),
    [
        ({"kind": "truthful"}, Truthful()),
        ({"kind": "mark_up", "by": 2}, MarkUp(by=2.0)),
        ({"kind": "mark_down"}, MarkDown(by=0.8)),
        ({"kind": "random", "between": [1, 2]}, Random(between=(1.0, 2.0))),
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
        ({"kind": "mark_up", "by": 0.9}, "greater than or equal to 1"),
        ({"kind": "mark_down", "by": 1.1}, "less than or equal to 1"),
        ({"kind": "mark_down", "by": 0}, "greater than or equal to 0.001"),
        ({"kind": "random", "between": [2, 1]}, r"low <= high <= 1000, got \[2.0, 1.0\]"),
        ({"kind": "random", "between": [0, 1]}, r"low <= high <= 1000, got \[0.0, 1.0\]"),
    ],
)
def test_a_malformed_strategy_is_refused(document, complaint):
    with pytest.raises(ValidationError, match=complaint):
        TypeAdapter(Strategy).validate_python(document)
