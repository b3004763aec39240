from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from agents.engine import Job
from agents.engine.wall_clock import WallClock
from agents.engine.watched import WatchedEngine
from market.errors import ParticipantLost
from market.messages import Completion
from tests.agents.engine.test_wall_clock import Sleeper, job

DEADLINE_S = 0.5


class Mortal(Sleeper):
    """A service that can die, stop to answer, or stop its thread."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.dead = self.stopped = False
        self.slow_s = 0.0
        self.go_on = threading.Event()

    async def show_life(self) -> None:
        self.asked += 1
        if self.dead:
            raise ParticipantLost("it has died")
        if self.stopped:
            await asyncio.Event().wait()
        await asyncio.sleep(self.slow_s)

    async def serve(self, job: Job, clock: WallClock) -> Completion:
        if job.request == "stops the thread":
            self.go_on.wait(60)
        return await super().serve(job, clock)


@pytest.fixture
def service() -> Mortal:
    return Mortal()


@pytest.fixture
def engine(service: Mortal) -> Iterator[WatchedEngine]:
    with closing(WatchedEngine(service, DEADLINE_S)) as one:
        yield one
        service.go_on.set()


def lost(engine: WatchedEngine) -> str:
    """Advance it until it is lost; how it was."""
    for round_ in range(1, 600):
        try:
            engine.advance(round_ / 10)
        except ParticipantLost as loss:
            return str(loss)
    raise AssertionError("it lives")


def test_it_serves_and_is_asked_once_a_round(engine: WatchedEngine, service: Mortal) -> None:
    engine.submit(job("r", 5))
    done = [one.request for until_s in (0.3, 0.6, 0.9) for one in engine.advance(until_s)]
    assert done == ["r"]
    assert 1 <= service.asked <= 3


def test_one_that_dies_is_lost_also_without_work(engine: WatchedEngine, service: Mortal) -> None:
    engine.advance(0.05)
    service.dead = True
    assert lost(engine) == "it has died"


def test_one_that_gives_no_sign_of_life_is_lost_at_its_deadline(
    engine: WatchedEngine, service: Mortal
) -> None:
    service.stopped = True
    engine.submit(job("r", 6000))
    began_s = time.monotonic()
    assert lost(engine) == "no sign of life within 0.5 s"
    assert time.monotonic() - began_s > DEADLINE_S
    assert service.asked == 1


def test_one_whose_thread_stops_is_lost_at_its_deadline(engine: WatchedEngine) -> None:
    engine.advance(0.05)
    engine.submit(job("stops the thread", 1))
    assert lost(engine) == "no sign of life within 0.5 s"


def test_one_that_shows_life_while_nobody_looks_is_not_lost(
    engine: WatchedEngine, service: Mortal
) -> None:
    service.slow_s = 0.1
    engine.advance(0.01)
    time.sleep(2 * DEADLINE_S)
    assert engine.advance(0.02) == []


def test_one_that_is_closed_and_started_again_owes_nothing(
    engine: WatchedEngine, service: Mortal
) -> None:
    service.stopped = True
    engine.advance(0.05)
    engine.close()
    service.stopped = False
    engine.start()
    time.sleep(2 * DEADLINE_S)
    assert engine.advance(0.5) == []
