from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.provider_group import roster
from orchestrator.assembly import matching_hubs
from orchestrator.on_ray.packing import ACTOR_MEMORY_BYTES, LEAST_PROVIDERS, Packing, pack
from orchestrator.scenario.model import Scenario
from tests.engine_profiles import LARGE_RECORD
from tests.markets import GROUPS, small_market


def crowd(count: int, hubs: int = 2, **packing: Any) -> Scenario:
    groups = [GROUPS[0] | {"count": count - 4}, GROUPS[1]]
    return small_market(providers=groups, hubs={"count": hubs}, packing=packing)


def packed(scenario: Scenario, cpus: float) -> Packing:
    """Where memory is no matter."""
    return pack(scenario, cpus, memory_bytes=2**50)


def sizes(packing: Packing) -> tuple[list[int], list[int]]:
    return (
        [len(place.members) for place in packing.providers],
        [len(place.members) for place in packing.hubs],
    )


@given(
    count=st.integers(5, 300),
    hubs=st.integers(1, 5),
    cpus=st.floats(0, 300),
    providers_per_actor=st.none() | st.integers(1, 400),
    hubs_per_actor=st.none() | st.integers(1, 10),
)
def test_everyone_has_one_place(
    count: int,
    hubs: int,
    cpus: float,
    providers_per_actor: int | None,
    hubs_per_actor: int | None,
) -> None:
    scenario = crowd(
        count, hubs, providers_per_actor=providers_per_actor, hubs_per_actor=hubs_per_actor
    )
    packing = packed(scenario, cpus)
    providers = [name for place in packing.providers for name in place.members]
    houses = [name for place in packing.hubs for name in place.members]
    assert sorted(providers) == list(roster(scenario.providers))
    assert sorted(houses) == sorted([*matching_hubs(scenario), "workflow"])
    assert all(place.members for place in packing.places)


@pytest.mark.parametrize("cpus", [1, 2, 3, 4, 8, 64])
def test_automatic_packing_fits_the_free_cpus(cpus: int) -> None:
    packing = packed(crowd(500, hubs=40), cpus)
    assert sum(place.cpus for place in packing.places) <= cpus
    assert len(packing.hubs) == min(cpus, 41)
    assert len(packing.providers) == min(cpus, 500 // LEAST_PROVIDERS)


@pytest.mark.parametrize("room", [2, 3, 8, 9])
def test_automatic_packing_fits_the_free_memory(room: int) -> None:
    packing = pack(crowd(500, hubs=40), 64, room * ACTOR_MEMORY_BYTES + 1.0)
    assert len(packing.providers) == len(packing.hubs) == room // 2


@pytest.mark.parametrize(("count", "hosts"), [(24, 1), (26, 1), (49, 1), (51, 2), (75, 3)])
def test_an_automatic_host_has_enough_providers(count: int, hosts: int) -> None:
    providers, _ = sizes(packed(crowd(count), cpus=64))
    assert len(providers) == hosts
    assert min(providers) >= min(count, LEAST_PROVIDERS)


def test_a_few_providers_share_one_actor_however_many_cpus_there_are() -> None:
    assert sizes(packed(crowd(LEAST_PROVIDERS), cpus=64)) == ([LEAST_PROVIDERS], [1, 1, 1])


def test_without_a_free_cpu_as_little_as_can_be_is_asked() -> None:
    assert sizes(packed(crowd(100), cpus=0)) == ([100], [3])


def test_a_scenario_can_say_how_many_share_an_actor() -> None:
    packing = packed(crowd(12, providers_per_actor=5, hubs_per_actor=2), cpus=1)
    assert sizes(packing) == ([4, 4, 4], [2, 1])


def test_where_every_provider_has_gpus_no_actor_is_empty() -> None:
    groups = [group | {"engine": {"gpus": 0.5}} for group in GROUPS]
    packing = packed(small_market(providers=groups), cpus=64)
    assert [len(place.members) for place in packing.providers] == [1] * 12


VLLM = {"kind": "vllm", "model": "m", "cpus": 1.5, "memory_bytes": 3 * 2**30}


def with_vllm(**engine: Any) -> Packing:
    """Eight simulated providers that share, and four whose engines are real."""
    groups = [GROUPS[0], GROUPS[1] | {"engine": VLLM | engine}]
    return packed(small_market(providers=groups), cpus=8)


def test_a_real_engine_has_an_actor_of_its_own_with_or_without_a_gpu() -> None:
    for gpus, asked in ((0, {}), (1, {"GPU": 1}), (0.5, {"GPU": 0.5})):
        packing = with_vllm(gpus=gpus, gpu_memory_utilization=0.4)
        alone = [place for place in packing.providers if place.real]
        assert [place.members for place in alone] == [(f"large-00{n}",) for n in range(4)]
        assert alone[0].bundles == [{"CPU": 1.5, "memory": 3 * 2**30} | asked]


def test_an_engine_in_parts_asks_for_a_gpu_each_and_none_for_its_actor() -> None:
    place = with_vllm(gpus=2, tensor_parallel_size=2).providers[0]
    assert place.gpus == 0
    assert place.bundles == [{"CPU": 1.5, "memory": 3 * 2**30}, {"GPU": 1.0}, {"GPU": 1.0}]


def test_what_shares_actors_gets_what_real_engines_leave_of_the_cpus() -> None:
    packing = pack(
        small_market(
            providers=[GROUPS[0] | {"count": 400}, GROUPS[1] | {"engine": VLLM}],
            hubs={"count": 20},
        ),
        cpus=8,
        memory_bytes=2**50,
    )
    assert sum(place.cpus for place in packing.places) == 8


def test_groups_mix_in_every_actor() -> None:
    packing = packed(crowd(12, providers_per_actor=3), cpus=1)
    for place in packing.providers:
        assert len({name.split("-")[0] for name in place.members}) == 2


def test_a_provider_with_gpus_has_an_actor_of_its_own() -> None:
    groups = [GROUPS[0], GROUPS[1] | {"engine": {"profile": LARGE_RECORD, "gpus": 2}}]
    packing = packed(small_market(providers=groups), cpus=4)
    alone = [place for place in packing.providers if place.gpus]
    assert [place.members for place in alone] == [(f"large-00{n}",) for n in range(4)]
    assert alone[0].resources == {"CPU": 0.5, "GPU": 2, "memory": ACTOR_MEMORY_BYTES}
    assert [place.members for place in packing.providers if not place.gpus] == [
        tuple(f"small-00{n}" for n in range(8))
    ]
    assert "GPU" not in packing.hubs[0].resources
    assert sum(place.cpus for place in packing.places) <= 4
