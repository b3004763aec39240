"""Processes of a market on Ray that die or hang: what the runtime alone makes of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psutil
import pytest
from ray.exceptions import RayTaskError

from hubs.host import HubsReply, HubsRound
from hubs.matching_hub import ChatRound
from hubs.recovery import ChatRecovery, HubsRecovery, WorkflowRecovery
from hubs.workflow_hub import WORKFLOW_HUB, WorkflowRound
from market.errors import ParticipantLost
from market.messages import Bid
from market.release import running_release
from orchestrator.assembly import Market, assemble
from orchestrator.on_ray import process as ray_process
from orchestrator.on_ray.runtime import RayRuntime
from orchestrator.runtime import InProcess, Stepped
from tests.markets import small_market
from tests.orchestrator.on_ray.saboteur import assail, pid_of
from tests.orchestrator.on_ray.test_packing import packed

PACKING = {"cpus_per_actor": 0.1, "providers_per_actor": 5, "hubs_per_actor": 1}


SCENARIO = small_market(packing=PACKING, faults={"deadline_s": 2.0})
MARKET: Market = assemble(SCENARIO, 0)


@pytest.fixture
def here() -> Iterator[InProcess]:
    with closing(InProcess()) as runtime:
        runtime.seat(SCENARIO, MARKET)
        yield runtime


@pytest.fixture(scope="module")
def market(one_node: None) -> Iterator[RayRuntime]:
    """Three hosts, three houses of a hub each."""
    with closing(RayRuntime(packed(SCENARIO, cpus=2), running_release())) as runtime:
        yield runtime


@pytest.fixture
def there(market: RayRuntime) -> RayRuntime:
    market.seat(SCENARIO, MARKET)
    return market


def step(runtime: Any, round_: int, silent: Any = ()) -> Stepped:
    stepped: Stepped = runtime.step_providers({}, float(round_), {}, silent)
    return stepped


def renew(runtime: RayRuntime, names: Any, now_s: float) -> None:
    """Until all are back, as trials ask round by round."""
    give_up = time.monotonic() + 60
    while names := runtime.renew_providers(names, now_s):
        assert time.monotonic() < give_up


def clearing(number: int) -> HubsRound:
    """A round in which nobody asks for anything."""

    def bids(members: Any) -> list[Bid]:
        return [Bid(one.provider, 1.0, 1.0, 0.5, 2.0) for one in members]

    chat = {
        hub: ChatRound(number, (), (), bids(members))
        for hub, members in MARKET.matching_members.items()
    }
    return HubsRound(chat, WorkflowRound(number, (), (), bids(MARKET.workflow_members)))


def without(replies: Any, names: Any) -> list[Any]:
    return [reply for reply in replies if reply.bid.provider not in names]


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "stopped"])
def test_a_host_that_is_gone_is_lost_alone_and_comes_back(
    kill: bool, there: RayRuntime, here: InProcess
) -> None:
    host = there._hosts[1]
    pid, process = pid_of(host), psutil.Process(pid_of(host))
    assert step(there, 1) == step(here, 1)
    timer = assail(host, kill)
    began = time.monotonic()
    stepped = step(there, 2)
    timer.join()
    assert time.monotonic() - began < 15.0
    assert stepped.lost.keys() == set(host.members)
    (how,) = set(stepped.lost.values())
    assert how.startswith("ActorDiedError: ") if kill else how == "no answer within 2 s"
    assert stepped.replies == without(step(here, 2).replies, host.members)
    assert step(there, 3, host.members) == step(here, 3, host.members)
    renew(there, host.members, 3.0)
    here.renew_providers(host.members, 3.0)
    assert step(there, 4) == step(here, 4)
    assert pid_of(host) != pid
    process.wait(timeout=20)


def test_who_is_renewed_does_not_lose_those_beside_it(there: RayRuntime, here: InProcess) -> None:
    renewed = there._hosts[0].members[:2]
    for runtime in (there, here):
        step(runtime, 1)
        assert not runtime.renew_providers(renewed, 1.0)
    assert step(there, 2) == step(here, 2)


def test_who_is_not_renewed_yet_stays_lost(there: RayRuntime) -> None:
    host = there._hosts[2]
    assail(host).join()
    early, late = host.members[:1], host.members[1:]
    assert step(there, 1).lost.keys() == set(host.members)
    renew(there, early, 1.0)
    stepped = step(there, 2)
    assert stepped.lost.keys() == set(late)
    assert set(early) < {reply.bid.provider for reply in stepped.replies}
    assert step(there, 3, silent=late).lost == {}


def test_a_host_that_is_gone_again_while_it_is_renewed_stays_lost(there: RayRuntime) -> None:
    host = there._hosts[0]
    assail(host).join()
    step(there, 1)
    while not host.is_up():
        time.sleep(0.1)
    timer = assail(host)
    assert there.renew_providers(host.members, 1.0) == list(host.members)
    timer.join()
    assert step(there, 2).lost.keys() == set(host.members)
    assert step(there, 3, silent=host.members).lost == {}
    renew(there, host.members, 3.0)
    assert step(there, 4).lost == {}


def test_a_house_that_is_gone_begins_anew_and_is_asked_again(
    there: RayRuntime, here: InProcess
) -> None:
    house = there._houses[0]
    (hub,) = house.members
    assert there.clear_hubs(clearing(1)) == here.clear_hubs(clearing(1))
    timer = assail(house)
    cleared = there.clear_hubs(clearing(2))
    timer.join()
    expected = here.clear_hubs(clearing(2)).reply
    assert cleared.lost.keys() == {hub}
    others = {name: reply for name, reply in expected.chat.items() if name != hub}
    assert cleared.reply == HubsReply(others, expected.workflow)
    there.renew_hubs(HubsRecovery({hub: ChatRecovery()}, None))
    again = there.clear_hubs(HubsRound({hub: clearing(2).chat[hub]}, None))
    assert again.lost == {}
    assert again.reply == HubsReply({hub: expected.chat[hub]}, None)


def test_the_house_of_workflows_begins_anew_too(there: RayRuntime) -> None:
    (house,) = [house for house in there._houses if WORKFLOW_HUB in house.members]
    assail(house).join()
    cleared = there.clear_hubs(clearing(1))
    assert cleared.lost.keys() == {WORKFLOW_HUB}
    assert cleared.reply.workflow is None
    there.renew_hubs(HubsRecovery({}, WorkflowRecovery()))
    again = there.clear_hubs(HubsRound({}, clearing(1).workflow))
    assert (again.lost, again.reply.chat) == ({}, {})
    assert again.reply.workflow is not None


def test_a_house_that_is_gone_while_it_is_renewed_is_lost_again(there: RayRuntime) -> None:
    house = there._houses[1]
    (hub,) = house.members
    recovery = HubsRecovery({hub: ChatRecovery()}, None)
    timer = assail(house)
    there.renew_hubs(recovery)
    timer.join()
    assert there.clear_hubs(clearing(1)).lost.keys() == {hub}
    there.renew_hubs(recovery)
    assert there.clear_hubs(clearing(1)).lost == {}


def test_a_house_that_never_gets_to_its_clearing_is_given_up(there: RayRuntime) -> None:
    house = there._houses[1]
    (hub,) = house.members
    for _ in range(ray_process.MOST_LOSSES):
        house.lose("too much to remember")
    with pytest.raises(ParticipantLost) as given_up:
        there.renew_hubs(HubsRecovery({hub: ChatRecovery()}, None))
    expected = f"the process of {hub} was lost 10 times in a row: too much to remember"
    assert str(given_up.value) == expected
    there.seat(SCENARIO, MARKET)  # a new trial is a new chance


def test_a_loss_while_freezing_is_told_with_the_next_step(there: RayRuntime) -> None:
    host = there._hosts[1]
    frozen = there.freeze()
    assert (len(frozen.providers), len(frozen.hubs)) == (3, 3)
    assail(host).join()
    with pytest.raises(ParticipantLost, match=rf"process of {host.members[0]} and 3 more is gone"):
        there.freeze()
    assert step(there, 1).lost.keys() == set(host.members)
    assert len(there.freeze().providers) >= 2  # without that of who is not back


def test_who_froze_is_thawed_into_processes_that_began_anew(
    there: RayRuntime, here: InProcess
) -> None:
    for runtime in (there, here):
        step(runtime, 1)
    frozen = there.freeze()
    for process in (there._hosts[0], there._houses[0]):
        assail(process).join()
    there.seat(SCENARIO, MARKET)
    there.thaw(frozen)
    assert step(there, 2) == step(here, 2)
    assert there.clear_hubs(clearing(2)).lost == {}


def test_what_our_own_code_raises_is_no_loss(there: RayRuntime) -> None:
    name = there._hosts[0].members[0]
    nonsense: Any = {name: [None]}
    with pytest.raises(RayTaskError, match="AttributeError"):
        there.step_providers(nonsense, 1.0, {}, ())


def test_peaks_are_those_of_the_processes_that_are_there(there: RayRuntime) -> None:
    assert len(there.peak_memory_bytes()) == 6
    assail(there._houses[2]).join()
    assert len(there.peak_memory_bytes()) == 5


def test_without_a_process_a_hub_ends_the_run_with_one_line(
    there: RayRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = there._houses[0]
    (hub,) = house.members
    monkeypatch.setattr(ray_process, "START_S", 0.01)
    house.lose("its node has died")
    with pytest.raises(ParticipantLost) as lost:
        there.renew_hubs(HubsRecovery({hub: ChatRecovery()}, None))
    assert str(lost.value) == f"the process of {hub} did not start within 0.01 s"
