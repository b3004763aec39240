"""The bids of an earlier run as the samples of a prior."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from agents.prior import EmpiricalPrior
from market.errors import BadInput
from orchestrator import past_bids as past_bids_module
from orchestrator.log import read_table
from orchestrator.log.schema import SCHEMA_VERSION
from orchestrator.past_bids import past_bids
from orchestrator.scenario.model import Scenario, load_scenario
from tests.markets import GROUPS, WORKFLOWS, run_market, small_market


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which electricity moves fast and some bid above their support."""
    folder = tmp_path_factory.mktemp("runs")
    lying = {"strategy": {"kind": "random", "between": [0.5, 1.5]}}
    scenario = small_market(
        electricity={"day_s": 20.0},
        providers=[GROUPS[0], GROUPS[1] | lying],
        demand=[WORKFLOWS],
        rounds=15,
    )
    return run_market(scenario, folder / "earlier")


def document(**prior: Any) -> dict[str, Any]:
    empirical = {"kind": "empirical"} | prior
    return {
        "seed": 1,
        "rounds": 5,
        "providers": [GROUPS[0], GROUPS[1] | {"prior": empirical}],
        "hubs": {"count": 2},
        "demand": [WORKFLOWS],
    }


def write(folder: Path, **prior: Any) -> Path:
    file = folder / "market.yaml"
    file.write_text(yaml.safe_dump(document(**prior)))
    return file


def bids_of(run: Path, group: str) -> list[dict[str, Any]]:
    rows = read_table(run, "bids").to_pylist()
    return [row for row in rows if row["provider"].startswith(f"{group}-")]


@pytest.mark.parametrize("scaled", [True, False])
def test_the_samples_are_the_groups_bids_within_their_support(earlier: Path, scaled: bool) -> None:
    factor = {
        row["round"]: row["electricity_factor"] for row in read_table(earlier, "rounds").to_pylist()
    }
    rows = bids_of(earlier, "large")
    level = np.array([factor[row["round"]] if scaled else 1.0 for row in rows])
    low, high, bid = (
        np.array([row[name] for row in rows]) / level
        for name in ("prior_low", "prior_high", "workflow_bid")
    )
    assert (bid > high).any()
    found = past_bids(earlier, "large", scaled=scaled, where="here")
    assert found["samples"] == pytest.approx(np.sort(np.clip(bid, low, high)).tolist())
    assert (found["low"], found["high"]) == (low.min(), high.max())


def test_of_many_bids_only_evenly_spaced_ones_are_kept(
    earlier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = past_bids(earlier, "small", scaled=True, where="here")
    monkeypatch.setattr(past_bids_module, "MOST_SAMPLES", 10)
    some = past_bids(earlier, "small", scaled=True, where="here")
    assert len(some["samples"]) == 10 < len(every["samples"])
    assert set(some["samples"]) < set(every["samples"])
    assert (some["low"], some["high"]) == (every["low"], every["high"])


def test_a_scenario_finds_them_beside_its_file_and_keeps_them(
    earlier: Path, tmp_path: Path
) -> None:
    file = write(earlier.parent, run="earlier")
    scenario = load_scenario(file)
    prior = scenario.providers[1].prior
    assert isinstance(prior, EmpiricalPrior)
    found = past_bids(earlier, "large", scaled=True, where="here")
    assert list(prior.samples) == found["samples"]
    assert (prior.low, prior.high) == (found["low"], found["high"])
    assert Scenario.model_validate_json(scenario.model_dump_json()) == scenario
    run = run_market(scenario, tmp_path / "run")
    assert read_table(run, "priors").to_pylist()[0]["samples"] == found["samples"]


def test_a_run_named_in_a_setting_is_relative_to_the_working_directory(
    earlier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, samples=[1.0])
    monkeypatch.chdir(earlier.parent)
    setting = "providers.1.prior={kind: empirical, run: earlier, scaled: false, high: 90}"
    prior = load_scenario(file, (setting,)).providers[1].prior
    assert isinstance(prior, EmpiricalPrior)
    assert list(prior.samples) == past_bids(earlier, "large", scaled=False, where="")["samples"]
    assert (prior.scaled, prior.high) == (False, 90.0)


def test_where_no_bids_of_the_group_are_found_the_scenario_is_refused(
    earlier: Path, tmp_path: Path
) -> None:
    other = document(run=str(earlier))
    other["providers"][1] |= {"name": "another"}
    file = tmp_path / "market.yaml"
    for wrong in (document(run="nowhere"), other):
        file.write_text(yaml.safe_dump(wrong))
        with pytest.raises(BadInput) as caught:
            load_scenario(file)
        line = str(caught.value)
        assert line.startswith(f"{file}: providers.1.prior.run: ")
        assert "\n" not in line


def refusal(file: Path, stated: dict[str, Any]) -> str:
    file.write_text(yaml.safe_dump(stated))
    with pytest.raises(BadInput) as caught:
        load_scenario(file)
    line = str(caught.value)
    assert "\n" not in line
    return line.removeprefix(f"{file}: ")


@pytest.mark.parametrize(
    "run", ["market.yaml", ".", "", "a\0b", "x" * 300, "two\nlines", "market.yaml/deeper"]
)
def test_what_is_no_run_is_refused_under_the_key(run: str, tmp_path: Path) -> None:
    line = refusal(tmp_path / "market.yaml", document(run=run))
    assert line.startswith("providers.1.prior.run: ")
    assert line.endswith("expected a run's directory with a run.json in it")


def broken(earlier: Path, copy: Path, how: str) -> Path:
    shutil.copytree(earlier, copy)
    told = copy / "run.json"
    if how == "old schema":
        text = told.read_text()
        told.write_text(text.replace(f'"schema_version": {SCHEMA_VERSION}', '"schema_version": 1'))
    elif how == "no run.json":
        told.unlink()
    elif how == "junk":
        next((copy / "bids").glob("*.parquet")).write_bytes(b"junk")
    else:
        shutil.rmtree(copy / "rounds")
    return copy


@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        ("old schema", f"schema_version: expected {SCHEMA_VERSION}, got 1"),
        ("no run.json", "expected a run's directory with a run.json in it"),
        ("junk", "is not a readable part of the log"),
        ("no rounds", "has bids of rounds that it does not know"),
    ],
)
def test_a_run_that_is_broken_is_refused_under_the_key(
    earlier: Path, tmp_path: Path, how: str, complaint: str
) -> None:
    run = broken(earlier, tmp_path / "broken", how)
    line = refusal(tmp_path / "market.yaml", document(run=str(run)))
    assert line.startswith(f"providers.1.prior.run: {run}")
    assert complaint in line


@pytest.mark.parametrize("name", [None, ["large"], 3])
def test_a_group_without_a_name_has_no_past_bids(earlier: Path, tmp_path: Path, name: Any) -> None:
    unnamed = document(run=str(earlier))
    unnamed["providers"][1] |= {"name": name}
    line = refusal(tmp_path / "market.yaml", unnamed)
    assert line.startswith("providers.1.name: expected a name, got ")
    del unnamed["providers"][1]["name"]
    assert "providers.1.name" in refusal(tmp_path / "market.yaml", unnamed)


@pytest.mark.parametrize("scaled", [0, "false", "no", False])
def test_whether_electricity_is_taken_out_is_read_as_the_prior_reads_it(
    earlier: Path, scaled: Any
) -> None:
    prior = load_scenario(write(earlier.parent, run="earlier", scaled=scaled)).providers[1].prior
    assert isinstance(prior, EmpiricalPrior)
    assert prior.scaled is False
    assert list(prior.samples) == past_bids(earlier, "large", scaled=False, where="")["samples"]


def test_other_keys_of_the_prior_are_checked_first(earlier: Path, tmp_path: Path) -> None:
    file = tmp_path / "market.yaml"
    for key, value in (("scaled", "perhaps"), ("low", "deep"), ("mean", 3)):
        line = refusal(file, document(run=str(earlier), **{key: value}))
        assert line.startswith(f"providers.1.prior.{key}: ")


def test_the_support_may_be_widened_only(earlier: Path, tmp_path: Path) -> None:
    narrow = refusal(tmp_path / "market.yaml", document(run=str(earlier), high=1.0))
    assert narrow.startswith("providers.1.prior: high: expected a number >= ")
    wide = load_scenario(write(earlier.parent, run="earlier", low=None, high=90.0))
    found = past_bids(earlier, "large", scaled=True, where="")
    prior = wide.providers[1].prior
    assert isinstance(prior, EmpiricalPrior)
    assert (prior.low, prior.high) == (found["low"], 90.0)
