"""What the command does to run a market on Ray: join or start one, and watch the orchestrator."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayActorError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from market.errors import BadInput, ParticipantLost, WalrasError
from market.release import running_release
from orchestrator.actor import OrchestratorActor
from orchestrator.progress import Advance
from orchestrator.run import Footprint, RunMarket
from orchestrator.scenario import Scenario

#: Messages go through it only where they are long.
OBJECT_STORE_BYTES = 256 * 2**20

#: How long the head of a cluster may take to answer.
LISTEN_S = 10.0

#: How often the orchestrator is asked how far it is.
WATCH_S = 0.25


@contextmanager
def on_ray(address: str, scenario: Scenario, wait_s: float) -> Iterator[RunMarket]:
    """Join or start Ray and open the market there; yields what runs it.

    Args:
        address: ``local`` starts a Ray for this run alone; ``auto`` joins the cluster that this
            machine is a node of; ``HOST:PORT`` joins that one, of which it must be a node.
        scenario: what will run.
        wait_s: how long to wait for the cluster to grow to what it asks for.

    Raises:
        BadInput: there is no such cluster.
        NotEnoughResources: the scenario asks for more than the cluster has.
        DifferentRelease: a node runs another version or source.
    """
    connect(check_address(address))
    try:
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        orchestrator = OrchestratorActor.options(scheduling_strategy=here).remote()
        _get(orchestrator.open_market.remote(scenario, running_release(), wait_s))
        yield partial(_run, orchestrator, scenario)
    finally:
        ray.shutdown()


def _run(
    orchestrator: Any,
    scenario: Scenario,
    name: str,
    directory: Path,
    show: Callable[[Advance], None],
) -> Footprint:
    """Let the orchestrator run, and show how it gets on; it writes on this node.

    Raises:
        KeyboardInterrupt: the run was interrupted, and has stopped in good order.
    """
    running = orchestrator.run.remote(scenario, name, directory.resolve())
    try:
        while not ray.wait([running], timeout=WATCH_S)[0]:
            advance = _get(orchestrator.advance.remote())
            if advance is not None:
                show(advance)
        footprint: Footprint = _get(running)
    except KeyboardInterrupt:
        orchestrator.stop.remote()
        _get(running)
        raise
    return footprint


def check_address(address: str) -> str:
    """The address, if it is one.

    Raises:
        BadInput: it is not.
    """
    if address in ("local", "auto") or re.fullmatch(r"[^/\s]+:\d{1,5}", address):
        return address
    hint = "; for a cluster elsewhere use ray job submit" if address.startswith("ray://") else ""
    raise BadInput("--ray", f"expected local, auto, off or HOST:PORT, got {address!r}{hint}")


def connect(address: str) -> None:
    """Join a cluster, or start a Ray of this process's own.

    Raises:
        BadInput: there is no such cluster.
    """
    options: dict[str, Any] = {}
    if address not in ("local", "auto"):
        _check_somebody_listens(address)
    if address == "local":
        options = {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error", **options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        cause = " ".join(str(error).split())
        raise BadInput("--ray", f"cannot join a cluster at {address}: {cause}") from None


def _check_somebody_listens(address: str) -> None:
    """Ray itself would go on trying for ever."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=LISTEN_S).close()
    except (OSError, OverflowError) as error:
        raise BadInput("--ray", f"no cluster answers at {address}: {error}") from None


def _get(reference: Any) -> Any:
    """An answer of the orchestrator; its errors are ours."""
    try:
        return ray.get(reference)
    except RayTaskError as error:
        if isinstance(error.cause, WalrasError):
            raise error.cause from None
        raise
    except RayActorError as error:
        cause = " ".join(str(error).split())
        raise ParticipantLost(f"the orchestrator is gone: {cause}") from error
