"""A runtime on Ray whose processes are killed or stopped while they work."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from typing import Any

import ray

from hubs.host import HubsRound
from market.release import running_release
from orchestrator.on_ray.packing import Packing
from orchestrator.on_ray.process import Process
from orchestrator.on_ray.runtime import RayRuntime
from orchestrator.runtime import Cleared, Stepped

#: How long a process that will be killed has had its work when it is.
AT_WORK_S = 0.1


@dataclass(frozen=True)
class Attack:
    """The process of ``member`` is stopped as the round's work reaches it, then killed if so."""

    member: str
    kill: bool = True


class Sabotaged(RayRuntime):
    """Runs a trial, with attacks on processes by the round in which they happen, once each."""

    def __init__(self, packing: Packing):
        super().__init__(packing, running_release())
        self.begin({})

    def begin(self, attacks: Mapping[int, Sequence[Attack]]) -> None:
        """Before another trial."""
        self._attacks = {number: list(those) for number, those in attacks.items()}
        self.round = 0

    def step_providers(self, *asked: Any) -> Stepped:
        self.round += 1
        with self._attacked(self._hosts):
            return super().step_providers(*asked)

    def clear_hubs(self, round_: HubsRound) -> Cleared:
        with self._attacked(self._houses):
            return super().clear_hubs(round_)

    @contextmanager
    def _attacked(self, processes: Sequence[Process]) -> Iterator[None]:
        timers = []
        for attack in list(self._attacks.get(self.round, ())):
            for process in processes:
                if attack.member in process.members:
                    self._attacks[self.round].remove(attack)
                    timers.append(assail(process, attack.kill))
        yield
        for timer in timers:
            timer.join()


def assail(process: Process, kill: bool = True) -> Timer:
    """Stop a process now, and kill it in a moment; the timer that will."""
    pid = pid_of(process)
    os.kill(pid, signal.SIGSTOP)
    timer = Timer(AT_WORK_S, os.kill if kill else int, (pid, signal.SIGKILL) if kill else ())
    timer.start()
    return timer


def pid_of(process: Process) -> int:
    pid: int = ray.get(process.actor.__ray_call__.remote(lambda _: os.getpid()))
    return pid
