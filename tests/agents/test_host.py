from __future__ import annotations

import time
from typing import Any

import pytest

from agents.electricity import Electricity
from agents.engine import Job
from agents.engine_params import SimulatedParams
from agents.host import ProviderHost
from agents.population import ProviderGroup
from market.messages import CHAT, Completion
from market.prompt import Span


class Waiting:
    """An engine that waits in ``advance`` as a real one does, and counts what is asked of it."""

    def __init__(self, calls: list[str], provider: str):
        self._calls = calls
        self._provider = provider

    def start(self) -> None:
        self._calls.append(f"start {self._provider}")

    def submit(self, job: Job) -> None:
        self._calls.append(f"submit {self._provider}")

    def advance(self, until_s: float) -> list[Completion]:
        time.sleep(0.2)
        return []

    def close(self) -> None:
        self._calls.append(f"close {self._provider}")


class WaitingParams(SimulatedParams):
    """Makes a group's engines wait, and note their calls in ``calls``."""

    @property
    def is_real(self) -> bool:
        return True

    def engine(self, provider: str, profile: Any) -> Any:
        return Waiting(CALLS, provider)


CALLS: list[str] = []


@pytest.fixture
def host() -> ProviderHost:
    CALLS.clear()
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
    return one


def test_real_engines_wait_at_the_same_time_and_replies_stay_in_order(host: ProviderHost) -> None:
    job = Job("r", CHAT, (Span(1, 10),), 5, 9, 1.0)
    began = time.monotonic()
    replies = host.step({"real-001": [job]}, 2.0, {})
    assert time.monotonic() - began < 0.35
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
