"""Where engines with GPUs are placed, on a node that says it has four; nothing runs on them."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
import ray
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from market.errors import NotEnoughResources
from market.release import running_release
from orchestrator.on_ray.packing import Packing, Place
from orchestrator.on_ray.runtime import RayRuntime

pytestmark = pytest.mark.usefixtures("one_node")

LITTLE = {"cpus": 0.1, "memory_bytes": 2**20}
WHOLE = Place(("whole",), gpus=1.0, real=True, **LITTLE)
HALVES = [Place((name,), gpus=0.5, real=True, **LITTLE) for name in ("half", "other half")]
PARTS = Place(("parts",), parts=2, real=True, **LITTLE)
HUBS = (Place(("workflow",), **LITTLE),)


class Part:
    """A process of an engine in parts, as vLLM starts it."""

    def gpus(self) -> list[int]:
        return ray.get_gpu_ids()


def start_parts(_: Any) -> list[list[int]]:
    """In a host: start a part in every bundle with a GPU, as vLLM does; the GPUs of each."""
    group = ray.util.get_current_placement_group()
    parts = [
        ray.remote(Part)
        .options(
            num_cpus=0,
            num_gpus=1,
            scheduling_strategy=PlacementGroupSchedulingStrategy(
                group, index, placement_group_capture_child_tasks=True
            ),
        )
        .remote()
        for index, bundle in enumerate(group.bundle_specs)
        if bundle.get("GPU")
    ]
    found: list[list[int]] = ray.get([part.gpus.remote() for part in parts], timeout=30)
    return found


def test_every_engine_gets_the_gpus_it_asks_for_and_parts_find_theirs() -> None:
    places = (WHOLE, *HALVES, PARTS)
    with closing(RayRuntime(Packing(places, HUBS), running_release())) as runtime:
        assert ray.available_resources().get("GPU", 0.0) == 0.0
        ids = [
            ray.get(host.actor.__ray_call__.remote(lambda host: ray.get_gpu_ids()))
            for host in runtime._hosts
        ]
        whole, half, other_half, parts = ids
        assert len(whole) == 1
        assert half == other_half != whole
        assert parts == []
        found = ray.get(runtime._hosts[3].actor.__ray_call__.remote(start_parts))
    assert len(found) == 2
    assert sorted(gpu for gpus in (whole, half, *found) for gpu in gpus) == [0, 1, 2, 3]


def test_parts_must_fit_on_one_node() -> None:
    five = Place(("parts",), parts=5, real=True, **LITTLE)
    with pytest.raises(NotEnoughResources, match=r"5 GPUs .* has 2 CPUs, 4 GPUs"):
        RayRuntime(Packing((five,), HUBS), running_release())


@pytest.mark.slow
def test_what_was_reserved_is_given_back() -> None:
    for _ in range(2):  # the second would not fit beside the first
        more = Place(("more parts",), parts=2, real=True, **LITTLE)
        RayRuntime(Packing((PARTS, more), HUBS), running_release()).close()
