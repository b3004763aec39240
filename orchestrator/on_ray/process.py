"""A process of the market on Ray, which begins anew where it is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

import ray
from ray.exceptions import ActorDiedError, RayError, RayTaskError
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from market.errors import BadInput, ParticipantLost
from market.release import Release
from orchestrator.on_ray.packing import Place
from orchestrator.on_ray.reservation import Reserved, amounts

#: How long an actor may take to start: a process each, on a slow disk.
START_S = 600.0

#: How long a process that was lost is waited for, once, where there is room for it.
BACK_S = 15.0

#: A process that is lost so often before it has done any work is given up.
MOST_LOSSES = 10

#: Of what Ray says of a loss, so many characters are kept.
KEPT = 200


class Process:
    """An actor in the bundle that is reserved for it.

    When it is lost it is started anew at once, in the same bundle, and told where its members sit;
    nobody waits for that. Its members have lost all they had, and are ``bereft`` until they are
    renewed.

    Args:
        kind: the actor's class.
        place: who lives in it, and what it asks for.
        reserved: where it goes.
        check: raises where the node of that address runs something else than the driver.
    """

    def __init__(
        self, kind: Any, place: Place, reserved: Reserved, check: Callable[[str, Release], None]
    ):
        self.place = place
        self.reserved = reserved
        self.bereft: dict[str, str] = {}  # by member, how its process was lost
        self.losses = 0  # since it last did its work
        self.how = ""  # it was lost the last time
        self._kind = kind
        self._check = check
        self._seat: tuple[Any, ...] | None = None
        self._patience_s = 0.0
        self._start()

    @property
    def members(self) -> tuple[str, ...]:
        """Who lives in it."""
        return self.place.members

    def _start(self) -> None:
        self.actor = self._kind.options(
            num_cpus=self.place.cpus,
            num_gpus=self.place.gpus,
            memory=self.place.memory_bytes,
            max_restarts=0,
            scheduling_strategy=PlacementGroupSchedulingStrategy(
                self.reserved.group,
                self.reserved.index,
                placement_group_capture_child_tasks=bool(self.place.parts),
            ),
        ).remote()
        self._home = self.actor.home.remote()
        self._coming = [self._home]
        if self._seat is not None:
            self._coming.append(self.actor.seat.remote(*self._seat))

    def seat(self, *told: Any) -> None:
        """Tell it where its members sit in a new trial; see ``await_up``."""
        self._seat = told
        self.losses = 0
        self._coming.append(self.actor.seat.remote(*told))

    def lose(self, how: str) -> None:
        """Give it up, so that nothing comes of it late, and start it anew."""
        self.how = how
        self.bereft = dict.fromkeys(self.members, how)
        self.losses += 1
        self._patience_s = BACK_S
        ray.kill(self.actor)
        self._start()

    def renewed(self, members: Collection[str]) -> None:
        """They have begun anew."""
        self.bereft = {name: how for name, how in self.bereft.items() if name not in members}

    def is_up(self, wait_s: float | None = 0.0) -> bool:
        """Whether it has started and its members sit there; None waits as long as it takes.

        Raises:
            DifferentRelease: it runs another version or source.
        """
        if not self._coming:
            return True
        ready, _ = ray.wait(self._coming, num_returns=len(self._coming), timeout=wait_s)
        if len(ready) < len(self._coming):
            return False
        try:
            (node, theirs), *_ = ray.get([self._home, *self._coming])
        except RayTaskError as error:
            self.lose(_lost_by_itself(error, again=bool(self.bereft)))
            return False
        except RayError as error:
            self.lose(how_lost(error))
            return False
        self._check(node, theirs)
        self._coming = []
        return True

    def is_back(self) -> bool:
        """Whether it is up; after a loss it is waited for once, if it has room to start in."""
        if not self.is_up() and self._patience_s and self.reserved.has_room:
            wait_s, self._patience_s = self._patience_s, 0.0
            return self.is_up(wait_s)
        return self.is_up()

    def await_up(self) -> None:
        """Wait until it has started and its members sit there, however long real engines take.

        Raises:
            DifferentRelease: it runs another version or source.
            ParticipantLost: it does not start, or is lost time and again.
        """
        give_up_s = time.monotonic() + START_S
        while not self.is_up(0.0):
            if self.losses >= MOST_LOSSES:
                raise ParticipantLost(f"{self} was lost {self.losses} times in a row: {self.how}")
            left_s = max(0.0, give_up_s - time.monotonic())
            if not ray.wait([self._home], timeout=left_s)[0]:
                raise ParticipantLost(f"{self} did not start within {START_S:g} s{self._missing}")
            self.is_up(None)

    @property
    def _missing(self) -> str:
        """What it waits for, as the end of a sentence."""
        if self.reserved.has_room:
            return ""
        free = amounts(ray.available_resources())
        return f": it asks for {amounts(self.place.resources)}, of which {free} are free"

    def __str__(self) -> str:
        others = f" and {len(self.members) - 1} more" if len(self.members) > 1 else ""
        return f"the process of {self.members[0]}{others}"


def answers(asked: Mapping[Process, Any], within_s: float | None = None) -> dict[Process, Any]:
    """What processes answer within so many seconds; those that do not are lost (see ``lose``).

    A process that says that it is lost is so: its real engine has died. What else our own code
    raises in one of them is raised.
    """
    if not asked:
        return {}
    ready, _ = ray.wait(list(asked.values()), num_returns=len(asked), timeout=within_s)
    in_time = set(ready)
    answered = {}
    for process, reference in asked.items():
        if reference not in in_time:
            process.lose(f"no answer within {within_s:g} s")
            continue
        try:
            answered[process] = ray.get(reference)
        except RayTaskError as error:
            process.lose(_lost_by_itself(error))
        except RayError as error:
            process.lose(how_lost(error))
    return answered


def all_answers(asked: Mapping[Process, Any], within_s: float | None = None) -> list[Any]:
    """What processes answer, in order.

    Raises:
        ParticipantLost: one of them was lost; says how.
    """
    answered = answers(asked, within_s)
    for process in asked:
        if process not in answered:
            raise ParticipantLost(f"{process} is gone: {process.how}")
    return list(answered.values())


def _lost_by_itself(error: RayTaskError, *, again: bool = False) -> str:
    """How a process that is there says that it is lost; what else it raised is raised.

    What started once and does not start ``again`` is lost, whatever has become bad since.
    """
    if isinstance(error.cause, (ParticipantLost, BadInput) if again else ParticipantLost):
        return str(error.cause)
    raise error


def how_lost(error: RayError) -> str:
    """What Ray says of a loss, in one line, without the numbers that it has for everything."""
    lines = str(error).strip().splitlines()
    if isinstance(error, ActorDiedError) and len(lines) > 1:
        lines = [line for line in lines[1:] if not line.startswith("\t")]
    said = " ".join(" ".join(lines).split()) or "no more is known"
    return f"{type(error).__name__}: {said[:KEPT]}"
