from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from agents.engine import Job, wall_clock
from agents.engine.wall_clock import WallClock, WallClockEngine, failure
from market.messages import Completion
from market.prompt import Span


class Sleeper:
    """A service that takes as many hundredths of a second as a job has output tokens."""

    def __init__(self, broken: str | None = None):
        self.broken = broken
        self.happened: list[str] = []

    async def open(self) -> None:
        self.happened.append("opened")
        if self.broken == "open":
            raise RuntimeError("it does not open")

    async def serve(self, job: Job, clock: WallClock) -> Completion:
        if self.broken == "serve":
            raise RuntimeError("it does not serve")
        try:
            await asyncio.sleep(job.output_tokens / 100)
        except asyncio.CancelledError:
            self.happened.append(f"cancelled {job.request}")
            raise
        return failure(job, "p", clock, "slept")

    async def close(self) -> None:
        self.happened.append("closed")


def job(name: str, hundredths: int, submitted_s: float = 0.0) -> Job:
    return Job(name, "chat", (Span(1, 10),), hundredths, 5, submitted_s)


@pytest.fixture
def engine() -> Iterator[WallClockEngine]:
    one = WallClockEngine(Sleeper())
    yield one
    one.close()


def test_an_advance_lasts_as_long_on_the_wall(engine: WallClockEngine) -> None:
    engine.start()
    began = time.monotonic()
    assert engine.advance(0.1) == []
    assert engine.advance(0.2) == []
    assert time.monotonic() - began >= 0.2


def test_the_clock_starts_with_the_first_advance_however_long_ago_the_engine_was_started(
    engine: WallClockEngine,
) -> None:
    engine.start()
    time.sleep(0.2)
    began = time.monotonic()
    engine.advance(0.1)
    assert time.monotonic() - began >= 0.1


def test_an_engine_that_starts_later_in_a_trial_does_not_wait_for_what_is_over(
    engine: WallClockEngine,
) -> None:
    engine.start(100.0)
    began = time.monotonic()
    engine.submit(job("late", 5, submitted_s=100.0))
    (done,) = engine.advance(100.2)
    assert 0.2 <= time.monotonic() - began < 10.0
    assert 100.0 < done.finish_s <= 100.2


def test_jobs_are_served_at_the_same_time_and_told_in_order_of_finish(
    engine: WallClockEngine,
) -> None:
    engine.advance(0.01)
    for name, hundredths in (("slow", 30), ("quick", 5), ("late", 6000)):
        engine.submit(job(name, hundredths))
    done = engine.advance(1.5)
    assert [one.request for one in done] == ["quick", "slow"]
    assert 0.05 <= done[0].finish_s < done[1].finish_s <= 1.5


def test_what_finishes_while_a_clearing_is_late_is_told_a_round_later(
    engine: WallClockEngine,
) -> None:
    engine.advance(0.01)
    engine.submit(job("early", 1))
    engine.submit(job("while clearing", 120))
    time.sleep(2.0)
    assert [one.request for one in engine.advance(1.0)] == ["early"]
    assert [one.request for one in engine.advance(2.0)] == ["while clearing"]


class EndsOnceSeen(Future[Completion]):
    """It ends right after somebody has seen that it has not."""

    def done(self) -> bool:
        ended = super().done()
        if not ended:
            self.set_result(failure(job("r", 1), "p", WallClock(), "slept"))
        return ended


def test_what_finishes_while_advance_looks_is_told_by_the_next(
    engine: WallClockEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends_once_seen(coroutine: Coroutine[Any, Any, Completion], _: object) -> EndsOnceSeen:
        coroutine.close()
        return EndsOnceSeen()

    engine.start()
    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "run_coroutine_threadsafe", ends_once_seen)
        engine.submit(job("r", 1))
    told = [one.request for until_s in (0.01, 0.02) for one in engine.advance(until_s)]
    assert told == ["r"]


def test_a_failure_is_never_before_its_submission() -> None:
    assert failure(job("r", 1, submitted_s=5.0), "p", WallClock(), "no").finish_s == 5.0


def test_a_defect_of_the_service_comes_out_of_advance() -> None:
    engine = WallClockEngine(Sleeper(broken="serve"))
    engine.submit(job("r", 1))
    with pytest.raises(RuntimeError, match="does not serve"):
        engine.advance(0.05)
    engine.close()


def test_an_engine_that_does_not_open_leaves_no_thread() -> None:
    before = threading.active_count()
    engine = WallClockEngine(Sleeper(broken="open"))
    with pytest.raises(RuntimeError, match="does not open"):
        engine.start()
    assert threading.active_count() == before


def test_to_start_or_close_twice_changes_nothing() -> None:
    service = Sleeper()
    engine = WallClockEngine(service)
    for call in (engine.start, engine.start, engine.close, engine.close):
        call()
    assert service.happened == ["opened", "closed"]


class Stubborn(Sleeper):
    """A service that does not close."""

    async def close(self) -> None:
        await asyncio.Event().wait()


def test_a_service_that_does_not_close_is_left_to_its_fate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wall_clock, "CLOSE_S", 0.05)
    before = threading.active_count()
    engine = WallClockEngine(Stubborn())
    engine.start()
    engine.close()
    assert threading.active_count() == before


def test_close_drops_what_is_in_service() -> None:
    service = Sleeper()
    engine = WallClockEngine(service)
    engine.submit(job("long", 6000))
    engine.advance(0.05)
    began = time.monotonic()
    engine.close()
    assert time.monotonic() - began < 30
    assert service.happened == ["opened", "cancelled long", "closed"]
