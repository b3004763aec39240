"""Nodes of a cluster that die while a market runs on them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster

from market.errors import ParticipantLost
from market.release import running_release
from orchestrator.log import read_table
from orchestrator.on_ray import process as ray_process
from orchestrator.on_ray.driver import connect
from orchestrator.on_ray.packing import Packing
from orchestrator.on_ray.runtime import RayRuntime
from orchestrator.runtime import Stepped
from tests.engine_profiles import LARGE_RECORD
from tests.markets import GROUPS, run_market, small_market
from tests.orchestrator.on_ray.test_packing import packed

STORE = 80 * 2**20

#: So that Ray notices the death of a node within two seconds, not within twenty.
ALERT = {"health_check_period_ms": 500, "health_check_failure_threshold": 3}

AGAIN = {"requests": "reauction"}


class Cut(RayRuntime):
    """Runs a trial; before the providers of some rounds are stepped, nodes go or come."""

    def __init__(self, packing: Packing, cuts: Mapping[int, Callable[[], None]]):
        super().__init__(packing, running_release())
        self._cuts = cuts
        self._round = 0

    def step_providers(self, *asked: Any) -> Stepped:
        self._round += 1
        if self._round in self._cuts:
            self._cuts[self._round]()
        return super().step_providers(*asked)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A head without CPUs, and a node with one."""
    head = {"num_cpus": 0, "num_gpus": 0, "include_dashboard": False, "_system_config": ALERT}
    ray.shutdown()  # that of other files
    nodes = Cluster(initialize_head=True, head_node_args=head | {"object_store_memory": STORE})
    try:
        nodes.add_node(num_cpus=1, num_gpus=0, object_store_memory=STORE)
        nodes.wait_for_nodes()
        connect(nodes.address)
        yield nodes
    finally:
        ray.shutdown()
        nodes.shutdown()


@pytest.fixture
def second(cluster: Cluster) -> Iterator[Callable[[], None]]:
    """Adds another node, with a GPU; what it returns kills it, and waits until Ray has noticed.

    All nodes that are added later are gone after.
    """
    node = cluster.add_node(num_cpus=1, num_gpus=1, object_store_memory=STORE)
    cluster.wait_for_nodes()

    def kill() -> None:
        cluster.remove_node(node, allow_graceful=False)
        wait_until(are_two_left)  # or a quick market is over before

    yield kill
    for later in list(cluster.worker_nodes)[1:]:
        cluster.remove_node(later)
    wait_until(are_two_left)


def are_two_left() -> bool:
    return sum(one["Alive"] for one in ray.nodes()) == 2


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up, "it takes too long"
        time.sleep(0.1)


def nodes_of(runtime: RayRuntime) -> list[str]:
    """Where its processes are, hosts first."""

    def node(_: Any) -> str:
        found: str = ray.get_runtime_context().get_node_id()
        return found

    processes = (*runtime._hosts, *runtime._houses)
    found: list[str] = ray.get([one.actor.__ray_call__.remote(node) for one in processes])
    return found


def test_with_room_elsewhere_those_of_a_dead_node_come_back_there(
    second: Callable[[], None], tmp_path: Path
) -> None:
    packing = {"cpus_per_actor": 0.15, "providers_per_actor": 4, "hubs_per_actor": 2}
    scenario = small_market(packing=packing, faults=AGAIN)
    places = packed(scenario, cpus=2)
    with closing(Cut(places, {4: second})) as runtime:
        before = nodes_of(runtime)
        run = run_market(scenario, tmp_path / "run", runtime=runtime)
        after = nodes_of(runtime)
    assert (len(set(before)), len(set(after))) == (2, 1)
    moved = [
        member
        for place, old, new in zip(places.places, before, after, strict=True)
        if old != new
        for member in place.members
    ]
    happened = read_table(run, "faults").to_pylist()
    assert sorted(row["name"] for row in happened if row["event"] == "crash") == sorted(moved)
    assert min(row["round"] for row in happened) >= 4  # its processes outlive it for a moment
    assert "back" in {row["event"] for row in happened}


@pytest.mark.slow
def test_without_room_providers_stay_lost_until_a_node_joins(
    second: Callable[[], None], cluster: Cluster, tmp_path: Path
) -> None:
    large = GROUPS[1] | {"engine": {"profile": LARGE_RECORD, "gpus": 0.25}}
    packing = {"cpus_per_actor": 0.25, "hubs_per_actor": 3}
    scenario = small_market(packing=packing, faults=AGAIN, providers=[GROUPS[0], large])

    def another() -> None:
        cluster.add_node(num_cpus=1, num_gpus=1, object_store_memory=STORE)
        wait_until(lambda: runtime._hosts[0].reserved.has_room)  # all share one group

    with closing(Cut(packed(scenario, cpus=2), {3: second, 9: another})) as runtime:
        run = run_market(scenario, tmp_path / "run", runtime=runtime)
    happened = read_table(run, "faults").to_pylist()
    names = [f"large-00{number}" for number in range(4)]
    assert sorted(row["name"] for row in happened if row["event"] == "crash") == names
    back = {row["name"]: row["round"] for row in happened if row["event"] == "back"}
    assert sorted(back) == names
    assert min(back.values()) >= 10  # in later rounds where processes are slow to start


@pytest.mark.slow
def test_without_room_a_hub_ends_the_run_with_one_line(
    second: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_process, "START_S", 30.0)
    packing = {"cpus_per_actor": 0.45, "providers_per_actor": 6, "hubs_per_actor": 2}
    scenario = small_market(packing=packing)

    def cut() -> None:
        monkeypatch.setattr(ray_process, "START_S", 2.0)
        second()

    with (
        closing(Cut(packed(scenario, cpus=2), {4: cut})) as runtime,
        pytest.raises(ParticipantLost) as lost,
    ):
        run_market(scenario, tmp_path / "run", runtime=runtime)
    (line,) = str(lost.value).splitlines()
    assert "did not start within 2 s: it asks for 0.45 CPUs, 0 GPUs and 0.2 GiB, of " in line
