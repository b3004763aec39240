"""What a sweep's file says, and what is wrong with it, in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from market.errors import BadInput
from orchestrator.analysis.metrics import METRICS
from orchestrator.scenario.model import load_scenario
from orchestrator.sweep.announce import MAIN
from orchestrator.sweep.sweep import check_side_by_side, load_sweep, plan_sweep
from tests.orchestrator.sweep.sweeps import write_sweep

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "sweeps" / "routers.yaml"
ARMS = [{"name": "as-it-is"}, {"name": "shaded", "set": {"rounds": 7, "hubs.mechanism": "random"}}]


def test_an_arm_sets_after_what_all_arms_set(tmp_path: Path) -> None:
    sweep = load_sweep(write_sweep(tmp_path, grid=None, arms=ARMS, baseline="shaded"))
    plain, shaded = (arm.scenario for arm in sweep.arms)
    assert (plain.rounds, plain.hubs.mechanism) == (4, "auction")
    assert (shaded.rounds, shaded.hubs.mechanism) == (7, "random")
    assert {arm.baseline for arm in sweep.arms} == {"shaded"}
    assert sweep.setting_keys == ["rounds", "hubs.mechanism"]


def test_the_first_arm_is_the_baseline_and_all_metrics_are_taken_unless_said(
    tmp_path: Path,
) -> None:
    sweep = load_sweep(write_sweep(tmp_path, metrics=None, seeds=[5, 3]))
    assert {arm.baseline for arm in sweep.arms} == {"mechanism=auction"} == {sweep.arms[0].name}
    assert sweep.metrics == tuple(METRICS)
    assert sweep.seeds == (5, 3)


def test_paths_are_relative_to_the_sweeps_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_sweep(
        tmp_path / "deep",
        grid={"demand.0": [{"kind": "dialogues", "rate_per_s": 1, "path": "stories.json"}]},
    )
    monkeypatch.chdir(tmp_path)
    (arm,) = load_sweep(path.relative_to(tmp_path)).arms
    (source,) = arm.scenario.demand
    assert getattr(source, "path", None) == tmp_path / "deep" / "stories.json"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seeds": None}, "seeds: missing"),
        ({"seeds": {"first": 1}}, "seeds.count: missing"),
        ({"seeds": {"first": 1, "count": 0}}, "seeds.count: expected a finite number >= 1"),
        ({"seeds": {"first": 1, "count": 2, "step": 2}}, "seeds.step: unknown key"),
        ({"seeds": [1, 1]}, "seeds: expected each once, got 1 2 times"),
        ({"seeds": [-1]}, "seeds.0: expected greater than or equal to 0, got -1"),
        ({"seeds": []}, "seeds: Tuple should have at least 1 item"),
        ({"scenario": "none.yaml"}, "none.yaml: no such file"),
        ({"grids": {}}, "grids: unknown key"),
        ({"grid": None}, "expected exactly one of grid and arms"),
        ({"arms": ARMS}, "expected exactly one of grid and arms"),
        ({"grid": {"rounds": []}}, "grid: rounds: expected at least one value, got none"),
        ({"grid": {"rounds": [1, 1]}}, "grid: rounds: values: expected each once, got '1' 2"),
        ({"grid": {"seed": [1]}}, "grid.seed: expected no seed here"),
        ({"grid": {"a=b": [1]}}, "grid.a=b: expected a dotted key"),
        ({"grid": None, "arms": [{"name": "../up"}]}, "arms.0.name: String should match pattern"),
        ({"grid": None, "arms": [*ARMS, ARMS[0]]}, "names of arms: expected each once"),
        ({"baseline": "none"}, "baseline: expected an arm among mechanism=auction, mechanism="),
        ({"baseline": {"rounds": 4}}, "baseline.rounds: expected a value of the grid, got 4"),
        (
            {"baseline": {"hubs.mechanism": "random"}},
            "baseline.hubs.mechanism: expected a value of the grid, got 'random'",
        ),
        ({"metrics": ["wealth"]}, "metrics: expected some of chat_welfare_usd"),
        ({"keep": "none"}, "keep: expected 'logs' or 'results', got 'none'"),
        ({"set": {"roundz": 3}}, "arm mechanism=auction: "),
        ({"set": {"roundz": 3}}, "market.yaml: roundz: unknown key"),
        ({"set": {"demand.7.rate_per_s": 3}}, "demand.7.rate_per_s: expected an index from 0 to 0"),
        ({"grid": {"hubs.mechanism": ["auction", "stcky"]}}, "arm mechanism=stcky: "),
        ({"set": {"compare": ["random"]}}, "compare: expected none: a sweep compares its arms"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    path = write_sweep(tmp_path, **changes)
    with pytest.raises(BadInput) as raised:
        load_sweep(path)
    assert str(raised.value).startswith(f"{path}: ") or "none.yaml" in said
    assert said in str(raised.value)


def test_the_demand_of_every_arm_is_read_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "stories.json").write_text("no stories")
    source = {"kind": "dialogues", "rate_per_s": 1}
    arms = [{"name": "a"}, {"name": "b", "set": {"demand.0": source | {"path": "stories.json"}}}]
    sweep = load_sweep(write_sweep(tmp_path, grid=None, arms=arms))
    with pytest.raises(BadInput, match=r"arm b: .*stories\.json"):
        plan_sweep(sweep)


def test_real_engines_do_not_run_side_by_side(tmp_path: Path) -> None:
    engine = {"kind": "openai", "model": "m", "base_url": "http://localhost:1/v1"}
    path = write_sweep(tmp_path, set={"providers.0.engine": engine})
    with pytest.raises(BadInput, match="group small: expected a simulated engine, got openai"):
        check_side_by_side(load_sweep(path).arms)


def test_the_shipped_sweep_is_in_order() -> None:
    sweep = load_sweep(EXAMPLE)
    assert len(sweep.arms) == 4
    like = {"rate_per_s=15": "mechanism=auction,rate_per_s=15"}
    like["rate_per_s=35"] = "mechanism=auction,rate_per_s=35"
    assert all(arm.baseline == like[arm.name.split(",")[1]] for arm in sweep.arms)
    check_side_by_side(sweep.arms)
    assert load_scenario(EXAMPLE.parent.parent / "quickstart.yaml").compare
    assert {arm.scenario.compare for arm in sweep.arms} == {()}  # the sweep compares


def test_the_main_metrics_are_metrics() -> None:
    assert set(MAIN) <= METRICS.keys()
