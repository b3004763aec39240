"""The Ray actor that drives the rounds."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ray

from market.process import collect_rarely, peak_memory_bytes
from market.release import Release, running_release
from orchestrator.on_ray.packing import Packing, pack
from orchestrator.on_ray.reservation import Reserved
from orchestrator.on_ray.runtime import RayRuntime
from orchestrator.runs.advance import SEATING, Advance
from orchestrator.runs.run import Footprint, run_scenario
from orchestrator.scenario.model import Scenario


@dataclass(frozen=True)
class Room:
    """What a market has on the cluster: who shares an actor, and what is reserved for each."""

    packing: Packing
    reserved: Sequence[Reserved]


class Orchestrator:
    """Runs one scenario; while it does, other threads answer how far it is, or stop it."""

    def __init__(self) -> None:
        collect_rarely()
        self._runtime: RayRuntime | None = None
        self._advance = Advance(SEATING, 0)
        self._told: list[str] = []
        self._stopped = threading.Event()

    def home(self) -> tuple[str, Release]:
        """The address of the node, and what runs there."""
        return ray.util.get_node_ip_address(), running_release()

    def open_market(
        self, scenario: Scenario, driver: Release, wait_s: float, room: Room | None = None
    ) -> Room:
        """Start the actors of a market; all must run what the driver runs.

        Args:
            scenario: what will run.
            driver: what the driver runs.
            wait_s: how long to wait for the cluster to grow to what the market asks for.
            room: that of an orchestrator that was lost, which is taken over; Ray keeps it.

        Returns:
            The room that the market has.
        """
        if room is None:
            free = ray.available_resources()
            packing = pack(scenario, free.get("CPU", 0.0), free.get("memory", 0.0))
            self._runtime = RayRuntime(packing, driver, wait_s)
            return Room(packing, self._runtime.reserved)
        self._runtime = RayRuntime(room.packing, driver, wait_s, room.reserved)
        return room

    def run(
        self, scenario: Scenario, name: str, directory: Path, lost: str = ""
    ) -> Footprint | None:
        """Run the scenario to its end, from where its log stands; None if it was stopped before.

        ``lost`` is how the orchestrator was lost in whose place this one goes on.
        """
        assert self._runtime is not None, "open_market comes first"
        tell = self._told.append
        try:
            run_scenario(scenario, name, directory, self._runtime, self._report, tell, lost)
        except KeyboardInterrupt:
            return None
        peaks = [peak_memory_bytes(), *self._runtime.peak_memory_bytes()]
        return Footprint(len(peaks), sum(peaks))

    def advance(self) -> Advance:
        """How far the run has come."""
        return self._advance

    def told(self, before: int) -> list[str]:
        """What a person should know, in lines, but for those told ``before``."""
        return self._told[before:]

    def stop(self) -> None:
        """End the run after this round."""
        self._stopped.set()

    def _report(self, advance: Advance) -> None:
        self._advance = advance
        if self._stopped.is_set():
            raise KeyboardInterrupt


#: One thread runs, the others answer and stop. It asks for no CPU, so that any node will do.
OrchestratorActor = ray.remote(num_cpus=0, max_concurrency=3)(Orchestrator)
