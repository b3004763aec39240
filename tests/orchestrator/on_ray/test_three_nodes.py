"""A market on a cluster of three emulated nodes, through the command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray
import yaml
from ray.cluster_utils import Cluster

from market.errors import NotEnoughResources
from market.release import running_release
from orchestrator.on_ray import reservation as ray_reservation
from orchestrator.on_ray.driver import connect
from orchestrator.on_ray.runtime import RayRuntime
from orchestrator.scenario.model import Scenario
from tests.engine_profiles import LARGE_RECORD
from tests.invariants import check_run
from tests.markets import run_market, small_market
from tests.orchestrator.on_ray.test_packing import packed
from tests.orchestrator.test_determinism import rows

WALRAS = Path(sys.executable).with_name("walras")
STORE = 80 * 2**20

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    head = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": STORE}
    ray.shutdown()  # that of other files
    nodes = Cluster(initialize_head=True, head_node_args=head | {"num_gpus": 0})
    try:
        nodes.add_node(num_cpus=1, num_gpus=0, object_store_memory=STORE)
        nodes.add_node(num_cpus=1, num_gpus=2, object_store_memory=STORE)
        nodes.wait_for_nodes()
        yield nodes
    finally:
        nodes.shutdown()


def walras(cluster: Cluster, scenario: Path, *options: str | Path) -> subprocess.CompletedProcess:
    command = [WALRAS, "run", scenario, "--ray", cluster.address]
    return subprocess.run(
        [*map(str, command), *map(str, options)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def written(scenario: Scenario, folder: Path) -> Path:
    path = folder / "market.yaml"
    path.write_text(yaml.safe_dump(scenario.model_dump(mode="json", exclude_none=True)))
    return path


def test_rows_are_those_of_one_process(cluster: Cluster, tmp_path: Path) -> None:
    scenario = small_market(packing={"providers_per_actor": 4, "hubs_per_actor": 1})
    here = run_market(scenario, tmp_path / "here")
    there = tmp_path / "there"
    result = walras(cluster, written(scenario, tmp_path), "--out", there)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    check_run(there)
    assert rows(there) == rows(here)


def test_too_much_for_the_cluster_leaves_an_old_run_alone(cluster: Cluster, tmp_path: Path) -> None:
    old = run_market(small_market(), tmp_path / "old")
    before = rows(old)
    scenario = written(small_market(), tmp_path)
    options = ("--out", old, "--force", "--set", "providers.0.engine.gpus=1")
    result = walras(cluster, scenario, *options)
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert "10 actors ask for 5 CPUs, 8 GPUs and 2.5 GiB; it has 3 CPUs, 2 GPUs and" in line
    assert rows(old) == before


@pytest.mark.parametrize(
    ("settings", "explained"),
    [
        (
            {"cpus_per_actor": 1.5},
            "2 actors ask for 3 CPUs, 0 GPUs and 0.5 GiB; it has 3 CPUs, 2 GPUs and .* are free; "
            "one that asks for 1.5 CPUs, 0 GPUs and 0.2 GiB fits on no node",
        ),
        (
            {"cpus_per_actor": 0.6, "providers_per_actor": 4},
            "4 actors ask for 2.4 CPUs, .* are free; on its nodes they do not fit side by side",
        ),
    ],
    ids=["one is too large", "together"],
)
def test_what_fits_in_sum_but_not_on_the_nodes_is_explained(
    cluster: Cluster,
    settings: dict[str, float],
    explained: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ray_reservation, "BUSY_S", 1.0)
    connect(cluster.address)
    try:
        with pytest.raises(NotEnoughResources, match=explained):
            RayRuntime(packed(small_market(packing=settings), cpus=1), running_release())
    finally:
        ray.shutdown()


def test_actors_spread_over_the_nodes_and_gpu_providers_are_where_gpus_are(
    cluster: Cluster,
) -> None:
    document = small_market(packing={"cpus_per_actor": 0.2}).model_dump(mode="json")
    document["providers"][1] |= {"count": 2, "engine": {"profile": LARGE_RECORD, "gpus": 1}}
    packing = packed(Scenario.model_validate(document), cpus=3)
    connect(cluster.address)
    try:
        runtime = RayRuntime(packing, running_release())
        groups = ray.util.placement_group_table().values()
        (group,) = [group for group in groups if group["state"] == "CREATED"]
        home = group["bundles_to_node_id"]
        gpus = {node["NodeID"]: node["Resources"].get("GPU", 0) for node in ray.nodes()}
        assert [place.gpus for place in packing.places[:3]] == [1, 1, 0]
        assert [gpus[home[bundle]] for bundle in range(2)] == [2, 2]
        assert len(set(home.values())) == 3
        runtime.close()
    finally:
        ray.shutdown()
