from copy import deepcopy
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from market.errors import BadInput
from orchestrator.scenario.model import Scenario
from orchestrator.supply import find_price_series, replays
from tests.markets import DIALOGUES, GROUPS
from tests.orchestrator.supply.test_price_series import ELECTRICITY, SPOT

HERE = Path("market.yaml")


@pytest.fixture
def costs(tmp_path: Path) -> dict[str, dict[str, Any]]:
    for name, text in (("electricity.csv", ELECTRICITY), ("spot.csv", SPOT)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return {
        "electricity": {
            "kind": "electricity",
            "path": str(tmp_path / "electricity.csv"),
            "column": "real_price",
            "power_w": 300,
            "day_s": 960,
        },
        "spot": {
            "kind": "spot",
            "path": str(tmp_path / "spot.csv"),
            "instance_type": "p3.2xlarge",
            "start": "2020-01-10",
            "day_s": 10,
        },
    }


def document(cost: Any, **changes: Any) -> dict[str, Any]:
    group = GROUPS[0] | {"workflow_slots": 0, "cost": cost}
    usual = {"seed": 1, "rounds": 20, "providers": [group], "demand": [DIALOGUES]}
    return usual | changes


def found(cost: Any, **changes: Any) -> Any:
    """The cost after its files were read; the scenario must then be whole without them."""
    scenario = document(deepcopy(cost), **changes)
    find_price_series(scenario, HERE)
    Scenario.model_validate(scenario)
    return scenario["providers"][0]["cost"]


def test_a_file_is_replaced_by_what_the_run_needs_of_it(costs):
    cost = found(costs["electricity"])  # 40 s of trial are an hour
    assert cost == {
        "kind": "electricity",
        "power_w": 300,
        "day_s": 960,
        "series": {"times_s": [0.0, 3600.0, 7200.0, 10800.0], "prices": [13.78, -12.5, 10.0, 3.87]},
    }
    short = found(costs["electricity"], drain_rounds=21)
    assert short["series"]["prices"] == [13.78, -12.5]


def test_components_are_found_however_deep_they_are(costs):
    nested = {"kind": "scarcity", "of": {"kind": "sum", "of": [{}, costs["spot"]]}}
    cost = found({"kind": "load", "of": nested})
    assert cost["of"]["of"]["of"][1]["series"].keys() == {"us-1a", "us-1b"}
    places = [where for where, _ in replays({"kind": "load", "of": nested}, "cost")]
    assert places == ["cost.of.of.of.1"]


def test_zones_and_products_can_be_chosen(costs):
    cost = found(costs["spot"] | {"availability_zones": ["us-1b"], "product": "Linux/UNIX"})
    assert cost["series"].keys() == {"us-1b"}


@pytest.mark.parametrize("start", ["2020-01-10", date(2020, 1, 10), datetime(2020, 1, 10)])
def test_a_start_may_be_whatever_yaml_makes_of_a_day(costs, start):
    assert found(costs["spot"] | {"start": start}) == found(costs["spot"])


def test_what_was_read_is_not_read_again(costs):
    once = found(costs["spot"])
    assert found(once) == once


@pytest.mark.parametrize(
    ("kind", "changes", "complaint"),
    [
        ("electricity", {"path": None}, "path: expected the path of a file of prices, got None"),
        ("electricity", {"column": 3}, "column: expected a text, got 3"),
        ("electricity", {"start": 7}, "start: expected YYYY-MM-DD HH:MM:SS, got 7"),
        ("electricity", {"start": "noon"}, "start: expected YYYY-MM-DD HH:MM:SS, got 'noon'"),
        (
            "electricity",
            {"start": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))},
            "start: expected YYYY-MM-DD HH:MM:SS, got '0001-01-01 00:00:00+14:00'",
        ),
        ("electricity", {"day_s": 0}, "day_s: expected a finite number >= 1e-06, got 0"),
        ("spot", {"instance_type": None}, "instance_type: expected a text, got None"),
        ("spot", {"availability_zones": []}, "availability_zones: expected names of zones, got []"),
        ("spot", {"availability_zones": "a"}, "availability_zones: expected a list, got 'a'"),
    ],
)
def test_a_wrong_key_is_named_where_it_stands(costs, kind, changes, complaint):
    cost = {"kind": "sum", "of": [{}, costs[kind] | changes]}
    with pytest.raises(BadInput) as caught:
        find_price_series(document(cost), HERE)
    assert str(caught.value) == f"market.yaml: providers.0.cost.of.1.{complaint}"


@pytest.mark.parametrize(
    "broken",
    [
        {"providers": None},
        {"providers": [3]},
        {"rounds": "many"},
        {"providers": [GROUPS[0] | {"cost": "high"}]},
        {"providers": [GROUPS[0] | {"cost": {"kind": ["spot"]}}]},
    ],
)
def test_what_else_is_malformed_is_left_to_the_schema(costs, broken):
    scenario = document(costs["electricity"]) | broken
    before = deepcopy(scenario)
    find_price_series(scenario, HERE)
    assert scenario == before
