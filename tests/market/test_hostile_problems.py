"""Problems that once ended in a traceback."""

import numpy as np
import pytest

from market import BadInput, solve

MATCHING = {"kind": "matching", "values": [[1.0]], "costs": [[0.0]], "capacities": [1]}


@pytest.mark.parametrize(
    "change",
    [
        {"kind": np.array(["matching"])},
        {"values": np.array(1.0)},
        {"capacities": np.array(1)},
        {"values": [[10**401]]},
        {"values": ["one row"]},
        {"values": [np.arange(500.0)]},
        {"line\nbreak": 1},
    ],
    ids=range(7),
)
def test_a_bad_value_is_one_short_line(change):
    with pytest.raises(BadInput) as caught:
        solve(MATCHING | change)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_without_providers_nobody_is_matched():
    empty = {"kind": "matching", "values": [[], []], "costs": [[], []], "capacities": []}
    answer = solve(empty)
    assert answer["match"] == [None, None]
    assert answer["welfare"] == 0


def test_without_requests_every_price_is_zero():
    answer = solve({"kind": "matching", "values": [], "costs": [], "capacities": [2, 0]})
    assert answer["scarcity_prices"] == [0, 0]
