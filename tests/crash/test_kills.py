"""A run that is killed at any moment goes on as if nothing had been."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.run_directory import read_description
from orchestrator.scenario import Scenario
from tests.crash.killed_runs import Moment, at_random, compare_with, kill, while_writing
from tests.crash.warm_process import Warm, warm_process
from tests.markets import run_market, small_market

#: How long the market takes to run, and how often it writes, about.
RUN_S = 1.2
WRITES = 60

FEW = range(3)
MANY = range(3, 54)


def market(case: int) -> Scenario:
    """Trials, an arm to compare with, and snapshots at every commit or none or few."""
    log: dict[str, Any] = {"checkpoint_rounds": 3, "snapshot_share": (1.0, 0.3, 0.0)[case % 3]}
    return small_market(rounds=12, trials=2, compare=["random"], log=log)


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with warm_process() as process:
        yield process


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Runs that were never stopped, by case modulo 3."""
    folder = tmp_path_factory.mktemp("whole")
    return {case: run_market(market(case), folder / f"{case}", name="market") for case in range(3)}


def moment(rng: random.Random, case: int) -> Moment:
    if case % 2:
        return at_random(rng, RUN_S)
    return while_writing(rng, WRITES, RUN_S)


def go_on_until_over(
    case: int, kills: int, folder: Path, warm: Warm, whole: Path, options: tuple[str, ...]
) -> Path:
    """Run, and be killed and resumed so many times; then to the end."""
    rng = random.Random(case)
    scenario, run = folder / "market.yaml", folder / "run"
    scenario.write_text(yaml.safe_dump(market(case).model_dump(mode="json", exclude_none=True)))
    begin = ("run", scenario, "--out", run, *options)
    for _ in range(kills):
        command = ("resume", run, *options) if (run / "run.json").exists() else begin
        group = warm.start(folder / "output", *command)
        moment(rng, case)(run)
        kill(group)
        warm.wait()
        compare_with(run, whole, ["random"])
    command = ("resume", run, *options) if (run / "run.json").exists() else (*begin, "--force")
    if not (run / "run.json").exists() and run.exists():
        for path in run.iterdir():
            path.unlink()  # nothing but a lock, and what was to become run.json
    warm.start(folder / "output", *command)
    assert warm.wait() == 0, (folder / "output").read_text()
    return run


def check_one(case: int, tmp_path: Path, warm: Warm, whole: dict[int, Path]) -> None:
    kills = 1 + case % 3
    run = go_on_until_over(case, kills, tmp_path, warm, whole[case % 3], ("--ray", "off"))
    compare_with(run, whole[case % 3], ["random"])
    assert read_description(run).status == "complete"
    assert not (run / ".state").exists()


@pytest.mark.parametrize("case", FEW)
def test_a_run_that_is_killed_now_and_then_is_the_same(
    case: int, tmp_path: Path, warm: Warm, whole: dict[int, Path]
) -> None:
    check_one(case, tmp_path, warm, whole)


@pytest.mark.crash
@pytest.mark.parametrize("case", MANY)
def test_a_run_that_is_killed_at_any_moment_is_the_same(
    case: int, tmp_path: Path, warm: Warm, whole: dict[int, Path]
) -> None:
    check_one(case, tmp_path, warm, whole)
