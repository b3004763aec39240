from __future__ import annotations

import pickle
from collections.abc import Iterator
from threading import Barrier
from time import monotonic, sleep

import pytest
from pydantic import ConfigDict

from agents.electricity import Electricity
from agents.engine import Engine, Job
from agents.engine_params import SimulatedParams
from agents.host import ProviderHost, ProvidersLost
from agents.provider_group import ProviderGroup
from market.errors import BadInput, ParticipantLost
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
    """Asks for an engine that waits for the ``others``."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    others: Barrier

    @property
    def is_real(self) -> bool:
        return True

    def engine(self, provider: str, profile: EngineProfile) -> Engine:
        return Waiting(CALLS, self.others, provider)


CALLS: list[str] = []


@pytest.fixture
def host() -> Iterator[ProviderHost]:
    CALLS.clear()
    groups = [
        ProviderGroup(name="m", count=3, domains=("law",)),
        ProviderGroup.model_construct(
            **dict(ProviderGroup(name="real", count=2, domains=("law",)))
            | {"engine": WaitingParams(others=Barrier(2))}
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
    renew(host, "real-001", 9.0)
    assert CALLS[3:] == ["close real-001", "start real-001", "start real-001 at 9 s"]


def renew(host: ProviderHost, name: str, now_s: float) -> int:
    """Renew a provider; how often it was asked in vain because its engine has not started."""
    give_up_s, asked = monotonic() + PATIENCE_S, 0
    while monotonic() < give_up_s:
        try:
            host.renew([name], now_s)
        except ProvidersLost:
            asked += 1
            sleep(0.01)
        else:
            return asked
    raise AssertionError("it was never renewed")


def dies(engine: Waiting, until_s: float) -> list[Completion]:
    """An engine that is lost in ``advance`` if it is that of ``real-000``."""
    if engine._provider == "real-000":
        raise ParticipantLost("it has died")
    return []


def test_a_real_engine_that_dies_is_lost_alone_and_is_back_when_it_is_renewed(
    host: ProviderHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance = Waiting.advance
    monkeypatch.setattr(Waiting, "advance", dies)
    with pytest.raises(ProvidersLost, match=r"^it has died$") as loss:
        host.step({}, 1.0, {})
    monkeypatch.setattr(Waiting, "advance", advance)
    assert loss.value.lost == {"real-000": "it has died"}
    assert CALLS[2:] == ["close real-000"]
    replies = [reply.bid.provider for reply in loss.value.replies]
    assert replies == ["m-000", "m-001", "m-002", "real-001", "z-000"]
    renew(host, "real-000", 4.0)
    assert CALLS[3:] == ["close real-000", "start real-000", "start real-000 at 4 s"]
    assert len(host.step({}, 5.0, {})) == 6


@pytest.mark.parametrize("error", [ParticipantLost("no memory"), BadInput("model", "is gone")])
def test_an_engine_that_does_not_start_again_stays_lost_and_is_tried_again(
    error: Exception, host: ProviderHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.step({}, 1.0, {})
    start, fails = Waiting.start, [error, error]

    def start_later(engine: Waiting, now_s: float = 0.0) -> None:
        if fails:
            raise fails.pop()
        start(engine, now_s)

    monkeypatch.setattr(Waiting, "start", start_later)
    assert renew(host, "real-001", 4.0) >= 2
    assert CALLS[2:] == ["close real-001", "start real-001", "start real-001 at 4 s"]


def test_rounds_last_as_long_on_the_wall_while_the_only_real_engines_start(
    host: ProviderHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.step({}, 1.0, {})
    real = ["real-000", "real-001"]
    monkeypatch.setattr(Waiting, "start", lambda engine, now_s=0.0: sleep(0.3))
    with pytest.raises(ProvidersLost):
        host.renew(real, 1.0)
    began = monotonic()
    host.step({}, 1.2, {}, real)
    assert monotonic() - began >= 0.2


def test_a_trial_does_not_begin_without_a_real_engine(
    host: ProviderHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_start(engine: Waiting, now_s: float = 0.0) -> None:
        raise ParticipantLost("no memory")

    monkeypatch.setattr(Waiting, "start", no_start)
    group = ProviderGroup(name="real", count=1, domains=("law",))
    engine = WaitingParams(others=Barrier(1))
    real = ProviderGroup.model_construct(**dict(group) | {"engine": engine})
    with pytest.raises(ParticipantLost, match=r"^real-000: no memory$"):
        host.seat([real], Electricity(), seed=8)


def test_losses_of_real_engines_cross_a_process_boundary(host: ProviderHost) -> None:
    lost = ProvidersLost({"p": "died", "q": "died"}, host.step({}, 1.0, {}))
    copy = pickle.loads(pickle.dumps(lost))
    assert (copy.lost, copy.replies, str(copy)) == (lost.lost, lost.replies, "died")
