"""A run on Ray that is killed, with all of its Ray, goes on as if nothing had been."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from orchestrator.runs.directory import read_description
from orchestrator.runs.lock import PATIENCE_S
from orchestrator.runs.run_file import RUN_FILE
from orchestrator.scenario.model import Scenario
from tests.crash.killed_runs import (
    Moment,
    at_random,
    compare_with,
    kill,
    once_it_runs,
    session_ends,
    while_writing,
)
from tests.crash.warm_process import Warm, warm_process
from tests.markets import run_market, small_market

#: How long the market takes to run once its actors are there, and how often it writes, about.
RUN_S = 2.0
WRITES = 120

#: How long Ray may take to start.
START_S = 60.0

KILLS = 20
KILLS_OF_ONE = 4

HERE = ("--ray", "off")
ON_RAY = ("--ray", "local")


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with warm_process() as process:
        yield process


def market(snapshot_share: float) -> Scenario:
    """Many short rounds, in two actors."""
    packing = {"providers_per_actor": 12, "hubs_per_actor": 3, "cpus_per_actor": 0.1}
    log = {"checkpoint_rounds": 1, "snapshot_share": snapshot_share}
    return small_market(rounds=40, packing=packing, log=log)


def written(scenario: Scenario, folder: Path) -> Path:
    path = folder / "market.yaml"
    path.write_text(yaml.safe_dump(scenario.model_dump(mode="json", exclude_none=True)))
    return path


@pytest.mark.slow
def test_a_run_on_ray_that_is_killed_goes_on_in_one_process(tmp_path: Path, warm: Warm) -> None:
    run, output = tmp_path / "run", tmp_path / "output"
    scenario = written(market(0.0), tmp_path)
    rng = random.Random(1)
    wait = once_it_runs(run, while_writing(rng, WRITES // 4, RUN_S), START_S)
    group = warm.start(output, "run", scenario, "--out", run, *ON_RAY)
    wait(run)
    kill(group)
    assert warm.wait() == -9
    warm.start(output, "resume", run, *HERE)  # at once: it waits for the lock
    assert warm.wait() == 0, output.read_text()
    session_ends(group, PATIENCE_S)
    compare_with(run, run_market(market(0.0), tmp_path / "whole", name="market"), [])
    assert is_complete(run)


@pytest.mark.crash
def test_runs_on_ray_that_are_killed_time_and_again_are_the_same(
    tmp_path: Path, warm: Warm
) -> None:
    shares = (1.0, 0.3, 0.0)
    whole = {
        share: run_market(market(share), tmp_path / f"{share}", name="market") for share in shares
    }
    killed: list[float] = []
    for case in range(KILLS):
        if len(killed) < KILLS:
            share = shares[case % 3]
            folder = tmp_path / f"run-{case}"
            folder.mkdir()
            killed += killed_and_resumed(case, share, folder, warm, whole[share])
    assert len(killed) >= KILLS
    print(f"{len(killed)} kills; all processes were gone {max(killed):.1f} s after at most")


def killed_and_resumed(
    case: int, share: float, folder: Path, warm: Warm, whole: Path
) -> list[float]:
    """How long the processes took to die of each kill that hit a living one; then it ends."""
    rng = random.Random(case)
    run, output = folder / "run", folder / "output"
    scenario = written(market(share), folder)
    gone_after_s = []
    for number in range(KILLS_OF_ONE):
        if is_complete(run):
            break
        on = ON_RAY if number == 0 or rng.random() < 0.75 else HERE
        wait = moment(rng, number, run)
        group = warm.start(output, *command(run, scenario), *on)
        wait(run)
        kill(group)
        hit = warm.wait() == -9
        gone_s = session_ends(group, PATIENCE_S)
        if hit:
            gone_after_s.append(gone_s)
        compare_with(run, whole, [])
    warm.start(output, *command(run, scenario), *(ON_RAY if case % 2 else HERE))
    assert warm.wait() == 0, output.read_text()
    compare_with(run, whole, [])
    assert is_complete(run)
    assert not (run / ".state").exists()
    return gone_after_s


def moment(rng: random.Random, number: int, run: Path) -> Moment:
    """While Ray starts, or at some time or other after it has, or during a write."""
    if rng.random() < 0.1:
        return at_random(rng, 8.0)
    then = while_writing(rng, WRITES, RUN_S) if number % 2 else at_random(rng, RUN_S)
    return once_it_runs(run, then, START_S)


def command(run: Path, scenario: Path) -> tuple[str | Path, ...]:
    """Begin a run, or go on with it if it has begun."""
    if (run / RUN_FILE).exists():
        return "resume", run
    if run.exists():
        for path in run.iterdir():
            path.unlink()  # nothing but a lock, and what was to become run.json
    return "run", scenario, "--out", run


def is_complete(run: Path) -> bool:
    return (run / RUN_FILE).exists() and read_description(run).status == "complete"
