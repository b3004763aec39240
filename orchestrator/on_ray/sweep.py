"""The trials of a sweep as Ray tasks, each in one process, side by side."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestrator.on_ray.driver import WATCH_S, check_address, connect

# The driver has told Ray how to log before it is imported.
import ray  # isort: skip
from ray.exceptions import RayError, RayTaskError  # isort: skip

from market.errors import BadInput, NotEnoughResources, WalrasError
from market.release import Release, running_release
from orchestrator.interrupts import Interrupts
from orchestrator.log import read_checkpoint
from orchestrator.on_ray.process import how_lost
from orchestrator.on_ray.reservation import BUSY_S
from orchestrator.on_ray.runtime import check_release
from orchestrator.reading.text_file import read_text
from orchestrator.sweep.directory import SWEEP_FILE
from orchestrator.sweep.run import RunTrials
from orchestrator.sweep.trial import (
    Outcome,
    Trial,
    note_outcome,
    read_outcome,
    remove_log,
    run_trial,
)

#: A trial that loses its process so often without having come any further has failed.
MOST_LOSSES = 3

#: How long trials that are asked to stop may take to do so.
STOP_S = 15.0

#: So many tasks are under way for every CPU: no CPU waits, and a cluster can see that it may grow.
TASKS_PER_CPU = 2


@contextmanager
def trials_on_ray(
    address: str, wait_s: float, jobs: int | None, interrupts: Interrupts
) -> Iterator[RunTrials]:
    """Join or start Ray; yields what runs trials there.

    Args:
        address: see ``on_ray.driver.on_ray``.
        wait_s: how long to wait for the cluster to have a CPU.
        jobs: at most so many trials at a time; None is as many as there are CPUs.
        interrupts: the requests to end, once for good order, more often for at once.

    Raises:
        BadInput: there is no such cluster, or one of its nodes does not share the folder.
        DifferentRelease: a node runs another version or source.
        KeyboardInterrupt: there was a request to end.
        NotEnoughResources: the cluster has no CPU.
    """
    try:
        connect(check_address(address))
        interrupts.check()
        _await_cpu(wait_s, interrupts)
        yield _Tasks(jobs, interrupts).run
    finally:
        ray.shutdown()


def _await_cpu(wait_s: float, interrupts: Interrupts) -> None:
    deadline_s = time.monotonic() + max(wait_s, BUSY_S)
    while ray.cluster_resources().get("CPU", 0.0) < 1:
        interrupts.check()
        if time.monotonic() >= deadline_s:
            raise NotEnoughResources(
                "not enough on the cluster: a trial asks for 1 CPU, and it has none; see --wait "
                "for a cluster that grows"
            )
        time.sleep(WATCH_S)


@dataclass
class _Task:
    """A trial and how often its process was lost since it last came further."""

    trial: Trial
    began_s: float
    come_to: tuple[int, int] | None
    losses: int = 0


class _Tasks:
    """Keeps tasks under way, and starts those anew whose process was lost."""

    def __init__(self, jobs: int | None, interrupts: Interrupts):
        self._jobs = jobs
        self._interrupts = interrupts
        self._under_way: dict[Any, _Task] = {}

    def run(self, trials: Sequence[Trial], tick: Callable[[], None]) -> Iterator[Outcome]:
        """Run trials; yields outcomes as they come."""
        if not trials:
            return
        home = trials[0].home
        self._told = (running_release(), home, _digest(home))
        waiting = deque(_Task(trial, time.monotonic(), _come_to(trial)) for trial in trials)
        while waiting or self._under_way:
            most = self._jobs or TASKS_PER_CPU * max(1, int(ray.cluster_resources().get("CPU", 0)))
            while waiting and len(self._under_way) < most:
                self._start(waiting.popleft())
            over, _ = ray.wait(list(self._under_way), timeout=WATCH_S)
            if self._interrupts.noted:
                self._stop()
            for reference in over:
                outcome = self._outcome(reference)
                if outcome is not None:
                    yield outcome
            tick()

    def _start(self, task: _Task) -> None:
        task.began_s = time.monotonic()
        self._under_way[RUN_ON_NODE.remote(task.trial, *self._told)] = task

    def _outcome(self, reference: Any) -> Outcome | None:
        """What a task that is over says; None if its process was lost and it begins again."""
        task = self._under_way.pop(reference)
        try:
            outcome: Outcome = ray.get(reference)
        except RayTaskError as error:  # what is wrong with the node, not with the trial
            if isinstance(error.cause, WalrasError):
                raise error.cause from None
            raise
        except RayError as error:
            return self._lost(task, how_lost(error))
        return outcome

    def _lost(self, task: _Task, how: str) -> Outcome | None:
        """Go on with a trial from its last checkpoint, unless it is over or comes no further."""
        outcome = read_outcome(task.trial)
        if outcome is not None and outcome.has(task.trial.metrics):
            if not task.trial.keep_log:
                remove_log(task.trial.run)
            return outcome
        reached = _come_to(task.trial)
        task.losses = task.losses + 1 if reached == task.come_to else 1
        if task.losses >= MOST_LOSSES:
            problem = f"its process was lost {task.losses} times at the same place: {how}"
            return note_outcome(task.trial, problem, time.monotonic() - task.began_s)
        begun = not task.trial.outcome_file.is_file()  # what came of it before is forgotten
        task.trial = replace(task.trial, anew=task.trial.anew and not begun)
        task.come_to = reached
        self._start(task)
        return None

    def _stop(self) -> None:
        """Let tasks stop in good order, as long as nobody is in a greater hurry."""
        for reference in self._under_way:
            ray.cancel(reference)
        deadline_s = time.monotonic() + STOP_S
        left = list(self._under_way)
        while left and self._interrupts.noted == 1 and time.monotonic() < deadline_s:
            _, left = ray.wait(left, num_returns=len(left), timeout=WATCH_S)
        raise KeyboardInterrupt


def _come_to(trial: Trial) -> tuple[int, int] | None:
    """The trial and the round that its log has come to, if any."""
    try:
        checkpoint = read_checkpoint(trial.run)
    except BadInput:
        return None
    return None if checkpoint is None else (checkpoint.trial, checkpoint.round)


def _digest(home: Path) -> str:
    """Of what a sweep's file says."""
    return hashlib.sha256(read_text(home / SWEEP_FILE).encode()).hexdigest()


def run_on_node(trial: Trial, driver: Release, home: Path, digest: str) -> Outcome:
    """Run a trial in this process of a node.

    Args:
        trial: what to run.
        driver: what the driver runs.
        home: the sweep's folder.
        digest: of what its file says, by which the folder is known to be the same.

    Raises:
        BadInput: this node does not have the sweep's folder.
        DifferentRelease: it runs something else than the driver.
        NotWritten: the outcome cannot be written.
    """
    node = ray.util.get_node_ip_address()
    check_release(node, running_release(), driver)
    if not (home / SWEEP_FILE).is_file() or _digest(home) != digest:
        problem = "expected the sweep's folder, which all nodes must share; it is not there"
        raise BadInput(f"node {node}: {home}", problem)
    return run_trial(trial, lambda: None)


#: Ray itself begins none again: who lost a process is told, and goes on from the checkpoint.
RUN_ON_NODE = ray.remote(num_cpus=1, max_retries=0)(run_on_node)
