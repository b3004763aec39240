from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.sweep.grid import combinations
from orchestrator.sweep.params import ArmParams


def test_every_combination_is_an_arm_named_by_short_ends_of_keys() -> None:
    grid = {"hubs.mechanism": ["auction", "sticky"], "demand.0.rate_per_s": [50, 0.5]}
    assert combinations(grid) == {
        "mechanism=auction,rate_per_s=50": {"hubs.mechanism": "auction", "demand.0.rate_per_s": 50},
        "mechanism=auction,rate_per_s=0.5": {
            "hubs.mechanism": "auction",
            "demand.0.rate_per_s": 0.5,
        },
        "mechanism=sticky,rate_per_s=50": {"hubs.mechanism": "sticky", "demand.0.rate_per_s": 50},
        "mechanism=sticky,rate_per_s=0.5": {"hubs.mechanism": "sticky", "demand.0.rate_per_s": 0.5},
    }


def test_keys_with_the_same_end_are_told_apart_by_more_of_it() -> None:
    names = list(combinations({"demand.0.rate_per_s": [1], "demand.1.rate_per_s": [2]}))
    assert names == ["0.rate_per_s=1,1.rate_per_s=2"]


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([{"kind": "truthful"}, {"kind": "scaled", "factor": 2}], ["truthful", "scaled"]),
        ([{"kind": "scaled", "factor": 1}, {"kind": "scaled", "factor": 2}], ["v1", "v2"]),
        ([1, "1"], ["v1", "v2"]),
        ([True, None], ["true", "null"]),
        (["a/b", "c"], ["v1", "v2"]),
        ([[1], [2]], ["v1", "v2"]),
    ],
)
def test_values_are_named_by_themselves_or_by_their_place(
    values: list[Any], labels: list[str]
) -> None:
    assert list(combinations({"k": values})) == [f"k={label}" for label in labels]


KEYS = st.lists(st.text("ab.", min_size=1, max_size=4), min_size=1, max_size=3, unique=True)
VALUES = st.lists(st.one_of(st.text(max_size=3), st.integers(), st.booleans()), min_size=1)


@given(st.data(), KEYS)
def test_no_two_combinations_share_a_name(data: st.DataObject, keys: list[str]) -> None:
    few = VALUES.filter(lambda values: len(values) <= 4)
    grid = {key: data.draw(few) for key in keys}
    count = 1
    for values in grid.values():
        count *= len(values)
    assert len(combinations(grid)) == count


def test_a_name_of_a_grid_may_name_a_folder() -> None:
    (name,) = combinations({"providers.0.cost.base": [-1.5e-7]})
    assert ArmParams(name=name).name == "base=-1.5e-07"


def test_a_grid_that_is_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 10000 combinations, got 1000000"):
        combinations({key: range(100) for key in "abc"})
