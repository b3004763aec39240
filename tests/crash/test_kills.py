"""A run that is killed at any moment goes on as if nothing had been."""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.runs.directory import read_description
from orchestrator.runs.run import run_scenario
from orchestrator.runtime import InProcess
from orchestrator.scenario.model import Scenario
from tests.crash.killed_runs import Moment, at_random, compare_with, kill, while_writing
from tests.crash.warm_process import Warm, warm_process
from tests.markets import small_market

#: How long the market takes to run, and how often it writes, about.
RUN_S = 1.2
WRITES = 60

FEW = range(3)
MANY = range(3, 54)

#: So many kills at least hit a living process, of the 102 of ``MANY``.
FEWEST_HITS = 50


def market(case: int) -> Scenario:
    """Trials, an arm to compare with, and snapshots at every commit, or none in a third."""
    log: dict[str, Any] = {"checkpoint_rounds": 3, "snapshot_share": (1.0, 0.0, 1.0)[case % 3]}
    return small_market(rounds=12, trials=2, compare=["random"], log=log)


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with warm_process() as process:
        yield process


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Runs that were never stopped, by case modulo 3."""
    runs = {case: tmp_path_factory.mktemp(f"whole-{case}") for case in range(2)}
    for case, run in runs.items():
        run_scenario(market(case), "market", run, InProcess(), lambda _: None)
    return runs | {2: runs[0]}


@pytest.fixture(scope="module")
def hits() -> Counter[int]:
    """How many kills hit a living process, by case."""
    return Counter()


def moment(rng: random.Random, case: int) -> Moment:
    if case % 2:
        return at_random(rng, RUN_S)
    return while_writing(rng, WRITES, RUN_S)


def go_on_until_over(
    case: int, kills: int, folder: Path, warm: Warm, whole: Path
) -> tuple[Path, int]:
    """Run, and be killed and resumed so many times; then to the end.

    Returns where, and how many of the kills came before the end.
    """
    rng = random.Random(case)
    scenario, run = folder / "market.yaml", folder / "run"
    scenario.write_text(yaml.safe_dump(market(case).model_dump(mode="json", exclude_none=True)))
    hit = 0
    for _ in range(kills):
        group = warm.start(folder / "output", *_command(scenario, run))
        moment(rng, case)(run)
        kill(group)
        hit += warm.wait() == -signal.SIGKILL
        compare_with(run, whole, ["random"])
    warm.start(folder / "output", *_command(scenario, run))
    assert warm.wait() == 0, (folder / "output").read_text()
    return run, hit


def _command(scenario: Path, run: Path) -> tuple[str | Path, ...]:
    if (run / "run.json").exists():
        return "resume", run, "--ray", "off"
    return "run", scenario, "--out", run, "--ray", "off"


def check_one(
    case: int, tmp_path: Path, warm: Warm, whole: dict[int, Path], hits: Counter[int]
) -> None:
    run, hits[case] = go_on_until_over(case, 1 + case % 3, tmp_path, warm, whole[case % 3])
    compare_with(run, whole[case % 3], ["random"])
    assert read_description(run).status == "complete"
    assert not (run / ".state").exists()


@pytest.mark.parametrize("case", FEW)
def test_a_run_that_is_killed_now_and_then_is_the_same(
    case: int, tmp_path: Path, warm: Warm, whole: dict[int, Path], hits: Counter[int]
) -> None:
    check_one(case, tmp_path, warm, whole, hits)


@pytest.mark.crash
@pytest.mark.parametrize("case", MANY)
def test_a_run_that_is_killed_at_any_moment_is_the_same(
    case: int, tmp_path: Path, warm: Warm, whole: dict[int, Path], hits: Counter[int]
) -> None:
    check_one(case, tmp_path, warm, whole, hits)


@pytest.mark.crash
def test_most_kills_hit_a_living_process(hits: Counter[int]) -> None:
    if missing := set(MANY) - hits.keys():
        pytest.skip(f"counts all cases together, and {len(missing)} of them were not run before")
    killed = sum(hits[case] for case in MANY)
    print(f"{killed} kills hit a living process")
    assert killed >= FEWEST_HITS
