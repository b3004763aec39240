"""What the command does to run a market on Ray: join or start one, and watch the orchestrator."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

# Whatever it is told, Ray prints on stdout what befell its processes, but for lines that match
# this. It looks when it is imported.
os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", "^")

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from market.errors import BadInput, ParticipantLost, WalrasError
from orchestrator.interrupts import Interrupts
from orchestrator.log import read_checkpoint
from orchestrator.on_ray.actor import OrchestratorActor, Room
from orchestrator.on_ray.process import how_lost
from orchestrator.on_ray.runtime import check_release
from orchestrator.resume import Tell, to_stderr
from orchestrator.runs.advance import Advance
from orchestrator.runs.directory import COMPARED
from orchestrator.runs.run import Footprint, RunMarket
from orchestrator.scenario.model import Scenario
from orchestrator.scenario.needed_plugins import needed_release

#: Messages go through it only where they are long.
OBJECT_STORE_BYTES = 256 * 2**20

#: How long the head of a cluster may take to answer.
LISTEN_S = 20.0

#: How often the orchestrator is asked how far it is.
WATCH_S = 0.25


@contextmanager
def on_ray(
    address: str, scenario: Scenario, wait_s: float, interrupts: Interrupts
) -> Iterator[RunMarket]:
    """Join or start Ray and open the market there; yields what runs it.

    Args:
        address: ``local`` starts a Ray for this run alone; ``auto`` joins the cluster that this
            machine is a node of; ``HOST:PORT`` joins that one, of which it must be a node.
        scenario: what will run.
        wait_s: how long to wait for the cluster to grow to what it asks for.
        interrupts: the requests to end, once for good order, more often for at once.

    Raises:
        BadInput: there is no such cluster.
        KeyboardInterrupt: there was a request to end.
        NotEnoughResources: the scenario asks for more than the cluster has.
        DifferentRelease: a node runs another version or source.
    """
    try:
        connect(check_address(address))
        interrupts.check()
        market = _Market(scenario, wait_s, interrupts)
        market.open()
        yield market.run
    finally:
        ray.shutdown()


class OrchestratorLost(ParticipantLost):
    """The process of the orchestrator has died; ``how``, in Ray's words."""

    def __init__(self, how: str):
        super().__init__(how)
        self.how = how

    def __str__(self) -> str:
        return f"the orchestrator is gone: {self.how}"


class _Market:
    """The orchestrator of a run and its market, opened anew where they are lost.

    Args:
        scenario: what will run.
        wait_s: how long to wait for the cluster to grow to what it asks for.
        interrupts: the requests to end.
    """

    def __init__(self, scenario: Scenario, wait_s: float, interrupts: Interrupts):
        self._scenario = scenario
        self._wait_s = wait_s
        self._interrupts = interrupts
        self._orchestrator: Any = None
        self._room: Room | None = None
        self._told = 0

    def open(self) -> None:
        """Start the orchestrator, which opens the market where the one before had it."""
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self._orchestrator = OrchestratorActor.options(scheduling_strategy=here).remote()
        self._told = 0
        release = needed_release(self._scenario)
        home = self._orchestrator.home.remote()
        while not ray.wait([home], timeout=WATCH_S)[0]:
            self._interrupts.check()
        node, theirs = _get(home)
        check_release(node, theirs, release)  # only with its plug-ins can the scenario be read
        opened = self._orchestrator.open_market.remote(
            self._scenario, release, self._wait_s, self._room
        )
        while not ray.wait([opened], timeout=WATCH_S)[0]:
            self._interrupts.check()
        self._room = _get(opened)

    def run(
        self,
        name: str,
        directory: Path,
        report: Callable[[Advance], None],
        tell: Tell = to_stderr,
    ) -> Footprint:
        """Let the orchestrator run, and show how it gets on; it writes on this node.

        Another one goes on where the orchestrator is lost, if that had committed something.

        Raises:
            KeyboardInterrupt: the run was interrupted, and has stopped in good order; or was so
                again before it had.
            OrchestratorLost: it was lost twice at the same place.
        """
        lost = ""
        while True:
            before = _committed(directory)
            try:
                return self._watch(name, directory, report, tell, lost)
            except OrchestratorLost as loss:
                if _committed(directory) == before:
                    raise
                tell(f"{loss}; another one goes on from the last checkpoint")
                lost = loss.how
                ray.kill(self._orchestrator)
                self.open()

    def _watch(
        self,
        name: str,
        directory: Path,
        report: Callable[[Advance], None],
        tell: Tell,
        lost: str,
    ) -> Footprint:
        running = self._orchestrator.run.remote(self._scenario, name, directory.resolve(), lost)
        while not ray.wait([running], timeout=WATCH_S)[0]:
            advance = _get(self._orchestrator.advance.remote())
            self._pass_on(tell)
            if self._interrupts.noted > 1:
                raise KeyboardInterrupt
            if self._interrupts.noted:
                self._orchestrator.stop.remote()
                advance = replace(advance, stage="stopping after this round")
            report(advance)
        self._pass_on(tell)
        footprint: Footprint | None = _get(running)
        if footprint is None:
            raise KeyboardInterrupt
        return footprint

    def _pass_on(self, tell: Tell) -> None:
        """Tell what the orchestrator has to tell."""
        for line in _get(self._orchestrator.told.remote(self._told)):
            tell(line)
            self._told += 1


def _committed(directory: Path) -> list[tuple[int, int]]:
    """The trial and the round that a run's log has come to, and those of the runs below it."""
    runs = (directory, *sorted((directory / COMPARED).glob("*")))
    return [(one.trial, one.round) for run in runs if (one := read_checkpoint(run)) is not None]


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
    on_terminate = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error", **options)
        signal.signal(signal.SIGTERM, on_terminate)  # Ray has taken it for itself
    except (ConnectionError, ValueError, RuntimeError) as error:
        cause = " ".join(str(error).split())
        raise BadInput("--ray", f"cannot join a cluster at {address}: {cause}") from None
    except SystemExit:  # what Ray makes of SIGTERM while it starts
        raise KeyboardInterrupt from None


def _check_somebody_listens(address: str) -> None:
    """Ray itself would go on trying for ever, whoever listens there or nobody."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=LISTEN_S).close()
        ask = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address]
        subprocess.run(ask, check=True, capture_output=True, timeout=LISTEN_S)
    except (OSError, OverflowError) as error:
        raise BadInput("--ray", f"no cluster answers at {address}: {error}") from None
    except subprocess.SubprocessError:
        raise BadInput(
            "--ray",
            f"no cluster answers at {address}: expected the port of Ray's GCS, 6379 unless told "
            "otherwise, and RAY_AUTH_MODE=token with its token where it asks for one",
        ) from None


def _get(reference: Any) -> Any:
    """An answer of the orchestrator; its errors are ours."""
    try:
        return ray.get(reference)
    except RayTaskError as error:  # it is there, and raised this
        if isinstance(error.cause, WalrasError):
            raise error.cause from None
        raise
    except RayError as error:
        raise OrchestratorLost(how_lost(error)) from None
