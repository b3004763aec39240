"""How a subject is measured: in a process of its own, by the wall clock, with its peak memory."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Generic, NamedTuple, ParamSpec, TypeVar

import click
import numpy as np

P = ParamSpec("P")
T = TypeVar("T")

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"
MIB = 2**20


class Lap(NamedTuple, Generic[T]):
    """What a call returned, and its seconds by the wall clock."""

    seconds: float
    result: T


def timed(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Lap[T]:
    """Call ``function`` once."""
    started = time.perf_counter()
    result = function(*args, **kwargs)
    return Lap(time.perf_counter() - started, result)


def until_spent(repetitions: int, budget_s: float) -> Iterator[int]:
    """The numbers of the repetitions: at least one, and no further one once the budget is spent."""
    started = time.perf_counter()
    for repetition in range(repetitions):
        if repetition and time.perf_counter() - started > budget_s:
            return
        yield repetition


class Spread(NamedTuple):
    """The median of some figures and their quartiles."""

    median: float
    first: float
    third: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        """The spread of at least one figure."""
        return cls(*(float(np.quantile(figures, share)) for share in (0.5, 0.25, 0.75)))

    def text(self, scale: float = 1.0) -> str:
        """``median [first quartile, third quartile]``, in three digits, times ``scale``."""
        median, first, third = (_three_digits(scale * figure) for figure in self)
        return f"{median} [{first}, {third}]"


def _three_digits(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:#.3g}"


class Memory(NamedTuple):
    """Resident bytes of a process: when idle, and how far it rose above that."""

    idle: int
    growth: int

    def __str__(self) -> str:
        return f"{self.idle / MIB:.0f} + {self.growth / MIB:.1f}"


class MemoryMeter:
    """Watches the resident memory of this process from now on.

    The kernel keeps the peak, and can be told to start anew. The peak that ``getrusage`` tells
    is no good here: a process inherits it from the one that started it.
    """

    def __init__(self) -> None:
        _CLEAR_REFS.write_text(_RESET_PEAK)
        self._idle = _resident("VmRSS")

    def read(self) -> Memory:
        """The memory when the meter was made, and the growth of the peak since then."""
        return Memory(self._idle, max(_resident("VmHWM") - self._idle, 0))


def _resident(field: str) -> int:
    """One of the fields of this process's status, which are in KiB, in bytes."""
    found = re.search(rf"^{field}:\s+(\d+) kB$", _STATUS.read_text(), re.MULTILINE)
    if found is None:
        raise click.ClickException(f"expected {field} in {_STATUS}")
    return 1024 * int(found[1])


def check_meter() -> None:
    """Raise unless this system can tell the peak memory of a process from a moment on."""
    if not _CLEAR_REFS.exists():
        raise click.ClickException("expected Linux, whose /proc tells the peak memory")


def in_fresh_process(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What ``function`` returns in a process that has done nothing before, nor will again."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(function, *args, **kwargs).result()
        except BrokenProcessPool as error:
            told = ", ".join(map(str, args))
            raise click.ClickException(f"the process died that measured {told}") from error
