"""Figures, differences and tests, by hand."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from orchestrator.analysis.statistics import holm, interval
from orchestrator.sweep.comparison import Comparison, compare
from orchestrator.sweep.sweep import Arm, Sweep
from orchestrator.sweep.tables import comparison_table, trial_table
from orchestrator.sweep.trial import Outcome
from tests.markets import small_market

#: By arm, then by seed 1, 2, 3; None failed.
WELFARE: dict[str, list[float | None]] = {
    "a": [1.0, 2.0, 4.0],
    "b": [2.0, 4.0, 9.0],
    "c": [5.0, None, None],
    "d": [None, None, None],
}


def sweep_of(**settings: dict[str, object]) -> Sweep:
    arms = [
        Arm(name=name, baseline="a", settings=settings.get(name, {}), scenario=small_market())
        for name in WELFARE
    ]
    return Sweep(
        name="by-hand",
        seeds=(1, 2, 3),
        arms=tuple(arms),
        metrics=("chat_welfare_usd", "hit_rate"),
        keep="logs",
    )


def outcomes() -> list[Outcome]:
    return [
        Outcome(
            arm=arm,
            seed=seed,
            status="failed" if welfare is None else "complete",
            error="lost" if welfare is None else "",
            wall_s=1.0,
            release="1",
            figures={} if welfare is None else {"chat_welfare_usd": welfare},
        )
        for seed in (3, 1, 2)
        for arm, of_arm in WELFARE.items()
        for welfare in [of_arm[seed - 1]]
    ]


@pytest.fixture
def compared() -> dict[tuple[str, str], Comparison]:
    return {(one.metric, one.arm): one for one in compare(sweep_of(), outcomes())}


def test_an_arm_is_compared_seed_by_seed(compared: dict[tuple[str, str], Comparison]) -> None:
    found = compared["chat_welfare_usd", "b"]
    assert (found.n, found.pairs) == (3, 3)
    assert found.mean == pytest.approx(5.0)
    assert found.high - found.mean == pytest.approx(interval([2.0, 4.0, 9.0]).half)
    assert found.difference == pytest.approx(8 / 3)
    assert found.difference_low == pytest.approx(interval([1.0, 2.0, 5.0]).low)
    assert found.relative_difference == pytest.approx((8 / 3) / (7 / 3))
    expected = stats.ttest_rel([2.0, 4.0, 9.0], [1.0, 2.0, 4.0]).pvalue
    assert found.p_value == pytest.approx(expected)
    assert (found.unit, found.better) == ("USD", "higher")


def test_the_baseline_does_not_differ_from_itself(
    compared: dict[tuple[str, str], Comparison],
) -> None:
    base = compared["chat_welfare_usd", "a"]
    assert base.mean == pytest.approx(7 / 3)
    assert base.pairs == 0
    assert math.isnan(base.difference)
    assert math.isnan(base.p_holm)


def test_failed_trials_leave_fewer_pairs(compared: dict[tuple[str, str], Comparison]) -> None:
    one, none = (compared["chat_welfare_usd", arm] for arm in "cd")
    assert (one.n, one.pairs, one.mean, one.difference) == (1, 1, 5.0, 4.0)
    assert one.relative_difference == 4.0
    assert math.isnan(one.low)
    assert math.isnan(one.p_value)
    assert (none.n, none.pairs) == (0, 0)
    assert math.isnan(none.mean)


def test_holm_takes_all_tests_of_the_table_together() -> None:
    rows = outcomes()
    for one in rows:
        if one.arm in "ab":
            one.figures["hit_rate"] = {"a": 0.5, "b": 0.6}[one.arm] + 0.01 * one.seed**2 * (
                one.arm == "b"
            )
    found = [one for one in compare(sweep_of(), rows) if one.arm == "b"]
    assert [one.p_holm for one in found] == holm([one.p_value for one in found])
    assert min(one.p_holm for one in found) == 2 * min(one.p_value for one in found)


def test_what_is_not_known_is_null_in_the_tables(
    compared: dict[tuple[str, str], Comparison],
) -> None:
    rows = comparison_table(list(compared.values())).to_pylist()
    assert rows[0]["difference"] is None
    assert rows[2]["low"] is None
    assert rows[2]["mean"] == 5.0
    trials = trial_table(sweep_of(), outcomes())
    assert trials["hit_rate"].null_count == trials.num_rows
    assert trials["chat_welfare_usd"].to_pylist() == [1, 2, 4, 2, 4, 9, 5, *[None] * 5]
    assert trials["seed"].to_pylist() == [1, 2, 3] * 4


def test_settings_are_columns_as_they_are_or_as_json() -> None:
    sweep = sweep_of(
        a={"n": 1, "x": 1, "kind": "u", "on": True, "what": {"k": [1]}},
        b={"n": 2, "x": 0.5, "kind": "v", "on": False, "what": 3},
    )
    table = trial_table(sweep, [one for one in outcomes() if one.seed == 1])
    assert {key: table[f"set.{key}"].to_pylist()[:3] for key in sweep.setting_keys} == {
        "n": [1, 2, None],
        "x": [1.0, 0.5, None],
        "kind": ["u", "v", None],
        "on": [True, False, None],
        "what": ['{"k": [1]}', "3", None],
    }
