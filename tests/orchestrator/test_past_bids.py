"""The bids of an earlier run as the samples of a prior."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from agents.prior import EmpiricalPrior
from market.errors import BadInput
from orchestrator import past_bids as past_bids_module
from orchestrator.log import read_table
from orchestrator.past_bids import past_bids
from orchestrator.scenario import Scenario, load_scenario
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
        assert line.startswith(f"{file}: providers.1.prior.run: expected a run's directory with")
        assert "\n" not in line
