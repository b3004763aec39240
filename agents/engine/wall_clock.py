"""The frame of a real engine: a service that runs beside the market, in wall-clock time.

The service is a coroutine per job in a thread of its own. ``advance`` waits for the clock while the
service works, so that a round of the market lasts as long on the wall as in the trial. A clearing
that is slow makes the next round late: what finishes meanwhile is told a round later, with the
time at which it did.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Protocol

from agents.engine.ended import Ended
from agents.engine.role import Job, failed
from market.messages import Completion

#: How long a service may take to give back what it holds before it is left to its fate.
CLOSE_S = 60.0


class WallClock:
    """Seconds of the trial, by the wall."""

    def __init__(self) -> None:
        self._origin_s: float | None = None

    def start(self, at_s: float = 0.0) -> None:
        """It is ``at_s``: count from now, unless it counts already."""
        if self._origin_s is None:
            self._origin_s = time.monotonic() - at_s

    @property
    def now_s(self) -> float:
        """Seconds since the start; 0 before it."""
        return 0.0 if self._origin_s is None else time.monotonic() - self._origin_s

    def wait_until(self, until_s: float) -> None:
        """Sleep until it is ``until_s``; not at all where it is later already."""
        while (left_s := until_s - self.now_s) > 0:
            time.sleep(left_s)


class Service(Protocol):
    """What really serves: its coroutines share one loop, in one thread."""

    async def open(self) -> None:
        """Get ready to serve; what it raises, ``Engine.start`` raises."""

    async def serve(self, job: Job, clock: WallClock) -> Completion:
        """Serve a job; one that cannot be served is a ``failure``, not an exception."""

    async def close(self) -> None:
        """Give back what it holds."""


class WallClockEngine:
    """An engine (see ``Engine``) over a service; its clock starts with the first job or advance.

    What a service raises comes out of ``advance``: it is lost (``ParticipantLost``), or defective.
    """

    def __init__(self, service: Service):
        self.service = service
        self._clock = WallClock()
        self._begin_s = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._serving: list[Future[Completion]] = []
        self._ended = Ended()

    def start(self, now_s: float = 0.0) -> None:
        """Open the service in its thread, if it is not open; its clock will begin at ``now_s``."""
        self._begin_s = now_s
        self._open()

    def _open(self) -> None:
        if self._loop is not None:
            return
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self._run(self.service.open()).result()
        except BaseException:
            self.close()
            raise

    def submit(self, job: Job) -> None:
        """Start to serve a job."""
        self._open()
        self._clock.start(self._begin_s)
        self._serving.append(self._run(self.service.serve(job, self._clock)))

    def advance(self, until_s: float) -> list[Completion]:
        """Wait until the wall clock shows ``until_s``; what has finished by then, in order."""
        self._open()
        self._clock.start(self._begin_s)
        self._clock.wait_until(until_s)
        ended = [served for served in self._serving if served.done()]  # more end meanwhile
        self._serving = [served for served in self._serving if served not in ended]
        self._ended.add(served.result() for served in ended)
        return self._ended.until(until_s)

    def close(self) -> None:
        """Drop what is in service, close the service and end the thread."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        self._loop = self._thread = None
        try:
            with suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(self._wind_up(), loop).result(CLOSE_S)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(CLOSE_S)
            if not thread.is_alive():
                loop.close()

    async def _wind_up(self) -> None:
        await _cancelled(asyncio.all_tasks() - {asyncio.current_task()})
        await self.service.close()
        await _cancelled(asyncio.all_tasks() - {asyncio.current_task()})
        self._serving = []

    def _run(self, coroutine: Any) -> Future[Any]:
        assert self._loop is not None  # started
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)


async def _cancelled(tasks: Iterable[asyncio.Task[Any] | None]) -> None:
    """Cancel tasks and wait until they have ended."""
    ending = [task for task in tasks if task is not None]
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)


def failure(job: Job, provider: str, clock: WallClock, error: str) -> Completion:
    """A job that was not served, now; ``error`` says why in one line."""
    now_s = max(clock.now_s, job.submitted_s)
    return failed(job, provider, now_s, error)
