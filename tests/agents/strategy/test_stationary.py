from hypothesis import given
from hypothesis import strategies as st

from agents.strategy import Aggressive, Conservative, Random, Truthful
from tests.strategies import examples

draws = st.floats(0, 1, exclude_max=True)


@given(draw=draws)
@examples(50)
def test_the_truthful_report_the_private_number_itself(draw):
    assert Truthful().factor(lambda: draw) == 1.0


@given(draw=draws)
@examples(50)
def test_the_aggressive_and_the_conservative_always_report_alike(draw):
    assert Aggressive(by=1.5).factor(lambda: draw) == 1.5
    assert Conservative(by=0.25).factor(lambda: draw) == 0.25


@given(draw=draws, low=st.floats(0.1, 5), width=st.floats(0, 5))
@examples(100)
def test_a_random_report_stays_between_its_bounds(draw, low, width):
    assert low <= Random(between=(low, low + width)).factor(lambda: draw) <= low + width


def test_a_random_report_grows_with_the_draw():
    strategy = Random(between=(1.0, 3.0))
    assert [strategy.factor(lambda draw=draw: draw) for draw in (0.0, 0.5, 0.75)] == [1.0, 2.0, 2.5]
