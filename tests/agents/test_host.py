from __future__ import annotations

from collections.abc import Iterator
from threading import Barrier

import pytest

from agents import population
from agents.electricity import Electricity
from agents.engine import Engine, Job, SimulatedEngine
from agents.engine_params import EngineBase, SimulatedParams
from agents.host import ProviderHost
from agents.provider_group import ProviderGroup
from market.messages import CHAT, Completion
from market.profiles import EngineProfile
from market.prompt import Span

#: How long an engine waits in ``advance`` for the other one, at most.
PATIENCE_S = 30.0


class Waiting:
    """An engine that waits in ``advance`` for the other one, and notes what is asked of it."""

    def __init__(self, calls: list[str], both: Barrier, provider: str):
        self._calls = calls
        self._both = both
        self._provider = provider

    def start(self, now_s: float = 0.0) -> None:
        self._calls.append(f"start {self._provider}" + (f" at {now_s:g} s" if now_s else ""))

    def submit(self, job: Job) -> None:
        self._calls.append(f"submit {self._provider}")

    def advance(self, until_s: float) -> list[Completion]:
        self._both.wait(PATIENCE_S)
        return []

    def close(self) -> None:
        self._calls.append(f"close {self._provider}")


class WaitingParams(SimulatedParams):
    """Asks for an engine that waits."""

    @property
    def is_real(self) -> bool:
        return True


CALLS: list[str] = []


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderHost]:
    CALLS.clear()
    both = Barrier(2)

    def engine_of(params: EngineBase, provider: str, profile: EngineProfile) -> Engine:
        if params.is_real:
            return Waiting(CALLS, both, provider)
        return SimulatedEngine(provider, profile)

    monkeypatch.setattr(population, "engine_of", engine_of)
    groups = [
        ProviderGroup(name="m", count=3, domains=("law",)),
        ProviderGroup.model_construct(
            **dict(ProviderGroup(name="real", count=2, domains=("law",)))
            | {"engine": WaitingParams()}
        ),
        ProviderGroup(name="z", count=1, domains=("law",)),
    ]
    one = ProviderHost()
    one.seat(groups, Electricity(), seed=7)
    yield one
    one.close()


def test_real_engines_wait_at_the_same_time_and_replies_stay_in_order(host: ProviderHost) -> None:
    job = Job("r", CHAT, (Span(1, 10),), 5, 9, 1.0)
    replies = host.step({"real-001": [job]}, 2.0, {})
    assert [reply.bid.provider for reply in replies] == [
        "m-000", "m-001", "m-002", "real-000", "real-001", "z-000"
    ]  # fmt: skip
    assert CALLS == ["start real-000", "start real-001", "submit real-001"]


def test_a_new_trial_closes_the_engines_of_the_last(host: ProviderHost) -> None:
    host.seat([ProviderGroup(name="m", count=1, domains=("law",))], Electricity(), seed=8)
    assert CALLS[2:] == ["close real-000", "close real-001"]
    assert [reply.bid.provider for reply in host.step({}, 1.0, {})] == ["m-000"]
    host.close()
    assert host.step({}, 2.0, {}) == []


def test_an_engine_that_does_not_close_keeps_no_other_open(
    host: ProviderHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    def close(engine: Waiting) -> None:
        CALLS.append("close")
        raise RuntimeError("it does not close")

    monkeypatch.setattr(Waiting, "close", close)
    with pytest.raises(RuntimeError, match="does not close"):
        host.close()
    assert CALLS[2:] == ["close", "close"]
    assert host.step({}, 1.0, {}) == []


def test_a_real_engine_that_has_served_is_renewed_and_one_that_has_not_learns_the_time(
    host: ProviderHost,
) -> None:
    host.renew(["real-001"], 5.0)
    assert CALLS[2:] == ["start real-001 at 5 s"]
    host.step({}, 6.0, {})
    host.renew(["real-001"], 9.0)
    assert CALLS[3:] == ["close real-001", "start real-001 at 9 s"]
