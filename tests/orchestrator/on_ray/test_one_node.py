"""A market in the actors of one Ray node."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import ray

from market.errors import DifferentRelease, NotEnoughResources
from market.release import running_release
from orchestrator.on_ray import reservation as ray_reservation
from orchestrator.on_ray.runtime import RayRuntime
from orchestrator.runs.advance import Advance
from orchestrator.runs.directory import read_description
from orchestrator.runs.run import run_scenario
from orchestrator.runtime import InProcess, Runtime
from orchestrator.scenario.model import Scenario
from tests.markets import GROUPS, PRIORS, WORKFLOWS, run_market, small_market
from tests.orchestrator.on_ray.test_packing import packed
from tests.orchestrator.test_determinism import rows

pytestmark = pytest.mark.usefixtures("one_node")

LITTLE = {"cpus_per_actor": 0.1}

PACKINGS: dict[str, dict[str, Any]] = {
    "automatic": LITTLE,
    "each hub alone": LITTLE | {"providers_per_actor": 3, "hubs_per_actor": 1},
    "unevenly": LITTLE | {"providers_per_actor": 7, "hubs_per_actor": 2},
    "all together": LITTLE | {"providers_per_actor": 100, "hubs_per_actor": 100},
}


@pytest.fixture(scope="module")
def in_process(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenario = small_market(trials=2, compare=["random"])
    return run_market(scenario, tmp_path_factory.mktemp("in_process") / "run")


@pytest.mark.parametrize(
    "name",
    [
        "unevenly",
        pytest.param("each hub alone", marks=pytest.mark.slow),
        pytest.param("automatic", marks=pytest.mark.slow),
        pytest.param("all together", marks=pytest.mark.slow),
    ],
)
def test_rows_are_those_of_one_process_however_it_is_packed(
    name: str, in_process: Path, tmp_path: Path
) -> None:
    scenario = small_market(trials=2, compare=["random"], packing=PACKINGS[name])
    with closing(RayRuntime(packed(scenario, cpus=2), running_release())) as runtime:
        run = run_market(scenario, tmp_path / "run", runtime=runtime)
    assert rows(run) == rows(in_process)
    random = Path("compared") / "random"
    assert rows(run / random) == rows(in_process / random)


@pytest.mark.parametrize(
    "share",
    [
        pytest.param(0.0, id="computed again", marks=pytest.mark.slow),
        pytest.param(1.0, id="from snapshots", marks=pytest.mark.slow),
    ],
)
def test_a_run_goes_on_in_one_process_and_in_several_in_turn(share: float, tmp_path: Path) -> None:
    scenario = small_market(log={"checkpoint_rounds": 1, "snapshot_share": share})
    whole = run_market(scenario, tmp_path / "whole")
    run = tmp_path / "run"
    run.mkdir()
    stop_after(scenario, run, 3, InProcess())
    for rounds, name in ((6, "each hub alone"), (9, "all together")):
        packing = packed(small_market(packing=PACKINGS[name]), cpus=2)
        with closing(RayRuntime(packing, running_release())) as runtime:
            stop_after(scenario, run, rounds, runtime)
    run_scenario(scenario, "test", run, InProcess(), lambda _: None)
    assert [one.round for one in read_description(run).resumed] == [3, 6, 9]
    assert rows(run) == rows(whole)


def stop_after(scenario: Scenario, run: Path, rounds: int, runtime: Runtime) -> None:
    def stop(advance: Advance) -> None:
        if advance.rounds == rounds:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_scenario(scenario, "test", run, runtime, stop)


def test_a_market_of_workflows_alone_has_the_same_rows(tmp_path: Path) -> None:
    groups = [GROUPS[1] | {"chat_slots": 0}]
    scenario = small_market(providers=groups, hubs={"count": 0}, demand=[WORKFLOWS], packing=LITTLE)
    here = run_market(scenario, tmp_path / "here")
    with closing(RayRuntime(packed(scenario, cpus=2), running_release())) as runtime:
        there = run_market(scenario, tmp_path / "there", runtime=runtime)
    assert rows(there) == rows(here)


@pytest.mark.parametrize(
    "source", ["others", pytest.param("disjoint_pool", marks=pytest.mark.slow)]
)
def test_priors_are_stated_and_learned_alike_in_one_process_and_in_several(
    source: str, tmp_path: Path
) -> None:
    learning = {"source": source, "min_samples": 10, "window": 40}
    market: dict[str, Any] = {
        "providers": [group | {"prior": PRIORS["empirical"]} for group in GROUPS],
        "hubs": {"count": 2, "workflow": {"prior": learning, "settle": "realized"}},
        "demand": [WORKFLOWS | {"every_rounds": 1}],
    }
    here = run_market(small_market(**market), tmp_path / "here")
    scenario = small_market(**market, packing=LITTLE | {"providers_per_actor": 4})
    with closing(RayRuntime(packed(scenario, cpus=2), running_release())) as runtime:
        there = run_market(scenario, tmp_path / "there", runtime=runtime)
    assert rows(there) == rows(here)


def test_a_node_with_other_source_is_refused_and_its_places_are_given_back() -> None:
    release = running_release()
    driver = replace(release, source="0" * 64)
    expected = f"node .* runs source {release.source[:12]}, expected 000000000000, which is what"
    for _ in range(2):  # each asks for most of the node
        with pytest.raises(DifferentRelease, match=expected):
            RayRuntime(packed(small_market(packing={"cpus_per_actor": 0.9}), cpus=2), driver)


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({"cpus_per_actor": 500.0}, "2 actors ask for 1000 CPUs, 0 GPUs and 0.5 GiB"),
        (
            {"providers_per_actor": 1, "cpus_per_actor": 100.0},
            "13 actors ask for 1300 CPUs, 0 GPUs and 3.2 GiB",
        ),
    ],
)
def test_more_than_the_node_has_is_refused_with_the_numbers(
    asked: dict[str, Any], numbers: str
) -> None:
    cpus = ray.cluster_resources()["CPU"]
    with pytest.raises(NotEnoughResources, match=f"{numbers}; it has {cpus:g} CPUs, "):
        RayRuntime(packed(small_market(packing=asked), cpus=0), running_release())


def gpu_market() -> Scenario:
    document = small_market().model_dump(mode="json")
    document["providers"][0]["engine"]["gpus"] = 1
    return Scenario.model_validate(document)


def test_more_gpus_than_there_are_are_refused_with_the_numbers() -> None:
    with pytest.raises(NotEnoughResources, match=r"10 actors ask for .* 8 GPUs .* 4 GPUs"):
        RayRuntime(packed(gpu_market(), cpus=2), running_release())


def test_what_another_run_holds_is_refused_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    cpus = ray.cluster_resources()["CPU"]
    scenario = small_market(packing={"cpus_per_actor": 0.3 * cpus})
    with closing(RayRuntime(packed(scenario, cpus=cpus), running_release())):
        monkeypatch.setattr(ray_reservation, "BUSY_S", 0.5)
        with pytest.raises(NotEnoughResources, match=r"of which .* are free"):
            RayRuntime(packed(scenario, cpus=cpus), running_release())
