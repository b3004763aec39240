import pickle

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from agents.presence.outages import OutageParams

PARAMS: TypeAdapter[OutageParams] = TypeAdapter(OutageParams)
DRAWN = {"kind": "drawn", "up_s": 30.0, "down_s": 10.0}
LISTED = {"kind": "listed", "periods": [[5.0, 10.0], [10.0, 11.0], [20.0, 21.0]]}
BOTH = pytest.mark.parametrize("stated", [DRAWN, LISTED], ids=["drawn", "listed"])


def outages(stated, name: str = "p", seed: int = 3):
    return PARAMS.validate_python(stated).of(name, seed)


@BOTH
def test_whether_a_provider_is_out_is_a_function_of_time_in_any_order_of_asking(stated):
    moments = [7.0, 500.0, 0.0, 93.5, 7.0, 20.5]
    asked_often = outages(stated)
    expected = [outages(stated).out(moment) for moment in moments]
    assert [asked_often.out(moment) for moment in moments] == expected
    moved = pickle.loads(pickle.dumps(asked_often))
    assert [moved.out(moment) for moment in [*moments, 2000.0]] == [
        *expected,
        outages(stated).out(2000.0),
    ]


def test_listed_periods_hold_their_beginning_and_not_their_end():
    out = [moment / 2 for moment in range(50) if outages(LISTED).out(moment / 2)]
    assert out == [moment / 2 for moment in range(10, 22)] + [20.0, 20.5]


def test_drawn_outages_are_as_long_and_as_frequent_as_stated_and_begin_up():
    one = outages(DRAWN)
    assert not one.out(0.0)
    states = np.array([one.out(second / 2) for second in range(80_000)])
    assert states.mean() == pytest.approx(10 / 40, abs=0.03)
    switches = np.count_nonzero(np.diff(states))
    assert switches / 2 == pytest.approx(40_000 / 40, rel=0.1)


def test_each_provider_has_outages_of_its_own():
    states = {
        (name, seed): tuple(outages(DRAWN, name, seed).out(float(second)) for second in range(200))
        for name in "pqr"
        for seed in (3, 4)
    }
    assert len(set(states.values())) == 6


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"kind": "listed", "periods": []}, "at least 1 item"),
        ({"kind": "listed", "periods": [[3, 3]]}, r"start < end, got \[3, 3\]"),
        ({"kind": "listed", "periods": [[3, 6], [5, 8]]}, "got one until 6 before one from 5"),
        ({"kind": "drawn", "up_s": 0.0, "down_s": 1.0}, "greater than or equal to 0.1"),
        ({"kind": "drawn", "up_s": 1.0}, "Field required"),
    ],
)
def test_malformed_outages_are_refused(wrong, complaint):
    with pytest.raises(ValidationError, match=complaint):
        PARAMS.validate_python(wrong)
