"""Packing: which providers and hubs share an actor, and what each actor asks of the cluster."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from agents.engine_params import EngineParams, VllmParams
from agents.provider_group import roster
from hubs.workflow_hub import WORKFLOW_HUB
from orchestrator.assembly import matching_hubs
from orchestrator.scenario.model import Scenario

#: Fewer providers than this are not worth an actor of their own, unless the scenario says so.
LEAST_PROVIDERS = 25

#: What an actor asks for: a process with our imports, and room for what it learns.
ACTOR_MEMORY_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Place:
    """One actor: who lives in it, and what it asks of the cluster.

    ``parts`` of one GPU each are asked for apart, for the processes of an engine that runs in
    parts; the actor itself then has none. ``real``: it holds a real engine.
    """

    members: tuple[str, ...]
    cpus: float
    gpus: float = 0.0
    memory_bytes: int = ACTOR_MEMORY_BYTES
    parts: int = 0
    real: bool = False

    @property
    def resources(self) -> dict[str, float]:
        """What Ray must reserve for the actor, by its names."""
        asked = {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory_bytes}
        return {name: amount for name, amount in asked.items() if amount}

    @property
    def bundles(self) -> list[dict[str, float]]:
        """What Ray must reserve, bundle by bundle: the actor's first."""
        return [self.resources] + [{"GPU": 1.0}] * self.parts


@dataclass(frozen=True)
class Packing:
    """The actors of a run: hosts of providers, and hosts of hubs."""

    providers: tuple[Place, ...]
    hubs: tuple[Place, ...]

    @property
    def places(self) -> tuple[Place, ...]:
        """All actors, hosts of providers first."""
        return self.providers + self.hubs


def pack(scenario: Scenario, cpus: float, memory_bytes: float) -> Packing:
    """Who shares an actor, where so many CPUs and bytes of memory are free.

    What the scenario leaves open is chosen so that providers and hubs, which take turns, each get
    half of the places that there is room for. A provider whose engine is real or needs GPUs gets an
    actor of its own. Members are dealt out in turn, so that groups mix.
    """
    params = scenario.packing
    engines = {name: group.engine for name, group in roster(scenario.providers).items()}
    alone = [name for name, engine in engines.items() if engine.is_real or engine.gpus]
    own = [_own_place(name, engines[name], params.cpus_per_actor) for name in alone]
    sharing = [name for name in engines if name not in set(alone)]
    hubs = [*matching_hubs(scenario), WORKFLOW_HUB]
    cpus -= sum(place.cpus for place in own)
    memory_bytes -= sum(place.memory_bytes for place in own)
    places = math.floor(min(cpus / params.cpus_per_actor, memory_bytes / ACTOR_MEMORY_BYTES))
    room = max(1, places // 2)
    hosts = _actors(len(sharing), params.providers_per_actor, room, LEAST_PROVIDERS)
    houses = _actors(len(hubs), params.hubs_per_actor, room, 1)
    return Packing(
        tuple(own) + tuple(Place(some, params.cpus_per_actor) for some in _dealt(sharing, hosts)),
        tuple(Place(some, params.cpus_per_actor) for some in _dealt(hubs, houses)),
    )


def _own_place(name: str, engine: EngineParams, cpus: float) -> Place:
    """The actor of one engine; ``cpus`` for those that do not say how many they need."""
    if not isinstance(engine, VllmParams):
        return Place((name,), cpus, engine.gpus, real=engine.is_real)
    parts = engine.tensor_parallel_size if engine.tensor_parallel_size > 1 else 0
    gpus = 0.0 if parts else engine.gpus
    return Place((name,), engine.cpus, gpus, engine.memory_bytes, parts, real=True)


def _actors(members: int, per_actor: int | None, room: int, least: int) -> int:
    """How many actors ``members`` are dealt out to."""
    if per_actor is not None:
        return math.ceil(members / per_actor)
    return min(members, max(1, members // least), room)


def _dealt(names: Sequence[str], actors: int) -> list[tuple[str, ...]]:
    return [tuple(names[actor::actors]) for actor in range(actors)]
