"""The participants of a market in Ray actors: one message per actor and phase of a round.

Ray sends what is longer than 100 KiB by reference, its arrays in shared memory: the forecasts in
the answers of hubs. What is shorter, as most messages are, travels in the call, which is cheaper.

An actor that dies, or does not answer in time, is lost with all who live in it; see ``Process``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar

import ray
from ray.exceptions import RayError

from agents.actor import ProviderActor
from agents.chat_bids import ChatWin
from agents.engine import Job
from hubs.actor import HubActor
from hubs.host import HubSeats, HubsReply, HubsRound
from hubs.recovery import HubsRecovery
from hubs.workflow_hub import WORKFLOW_HUB
from market.errors import DifferentRelease
from market.release import Release
from orchestrator.assembly import Market
from orchestrator.on_ray.packing import Packing
from orchestrator.on_ray.process import START_S, Process, all_answers, answers
from orchestrator.on_ray.reservation import Reserved, give_back, reserve
from orchestrator.runtime import Cleared, Frozen, Stepped, hub_seats
from orchestrator.scenario.model import Scenario

#: How long providers may be silent on the wall, unless the scenario says so.
DEADLINE_S = 60.0

#: How long real engines may take to end in good order.
CLOSE_S = 30.0

T = TypeVar("T")


class RayRuntime:
    """Providers and hubs in actors of one placement group, which end with their creator.

    The group does not: Ray keeps it until the whole job ends, for whoever goes on with the market.

    An engine that runs in parts has a group of its own, all on one node, from which vLLM takes the
    GPUs of its parts: of any group it takes the first that it finds.

    Args:
        packing: who shares an actor.
        release: what every actor must run.
        wait_s: how long to wait for the cluster to grow to what the packing asks for.
        reserved: what is reserved for that packing already, if it is.

    Attributes:
        reserved: what is reserved for each actor.

    Raises:
        NotEnoughResources: the cluster does not have that much, or not within ``wait_s``.
        DifferentRelease: an actor runs another version or source.
        ParticipantLost: an actor does not start.
    """

    def __init__(
        self,
        packing: Packing,
        release: Release,
        wait_s: float = 0.0,
        reserved: Sequence[Reserved] = (),
    ):
        self._deadline_s = DEADLINE_S
        self._stepped_s = 0.0
        self.reserved = reserved or reserve(packing, wait_s)
        kinds = [ProviderActor] * len(packing.providers) + [HubActor] * len(packing.hubs)
        check = partial(check_release, driver=release)
        processes = [
            Process(kind, place, bundle, check)
            for kind, place, bundle in zip(kinds, packing.places, self.reserved, strict=True)
        ]
        self._hosts = processes[: len(packing.providers)]
        self._houses = processes[len(packing.providers) :]
        try:
            for process in processes:
                process.await_up()
        except BaseException:
            self.close()
            raise

    def peak_memory_bytes(self) -> list[int]:
        """The most memory that each actor has had resident at a time, of those that are there."""
        there = [process for process in (*self._hosts, *self._houses) if process.is_up()]
        asked = {process: process.actor.peak_memory_bytes.remote() for process in there}
        return list(answers(asked, DEADLINE_S).values())

    def close(self) -> None:
        """End the actors and give back what they held; real engines are told before."""
        real = [host.actor.close.remote() for host in self._hosts if host.place.real]
        with suppress(RayError):
            ray.wait(real, num_returns=len(real), timeout=CLOSE_S)
        give_back({one.group for one in self.reserved})

    def seat(self, scenario: Scenario, market: Market) -> None:
        """Tell every actor who lives in it; one that was lost is waited for."""
        self._deadline_s = scenario.faults.deadline_s or DEADLINE_S
        self._stepped_s = 0.0
        groups = ray.put(scenario.providers)
        seats = hub_seats(scenario, market)
        for host in self._hosts:
            host.seat(groups, scenario.electricity, market.seed, host.members)
        for house in self._houses:
            house.seat(_seats_of(seats, house.members))
        for process in (*self._hosts, *self._houses):
            process.await_up()
            process.renewed(process.members)

    def step_providers(
        self,
        jobs: Mapping[str, Sequence[Job]],
        until_s: float,
        won: Mapping[str, ChatWin],
        silent: Collection[str],
    ) -> Stepped:
        """Step all hosts at once; real engines need the time until ``until_s`` by the wall.

        A host that does not answer by the deadline after that is lost.
        """
        asked = {}
        for host in self._hosts:
            idle = [name for name in host.members if name in silent or name in host.bereft]
            if len(idle) < len(host.members) and host.is_up():
                theirs = _only(jobs, host.members), until_s, _only(won, host.members), idle
                asked[host] = host.actor.step.remote(*theirs)
        real_s = until_s - self._stepped_s if any(host.place.real for host in asked) else 0.0
        self._stepped_s = until_s
        stepped = answers(asked, self._deadline_s + real_s)
        replies = [reply for answer in stepped.values() for reply in answer]
        return Stepped(
            sorted(replies, key=lambda reply: str(reply.bid.provider)),
            {
                name: how
                for host in self._hosts
                for name, how in host.bereft.items()
                if name not in silent
            },
        )

    def renew_providers(self, providers: Collection[str], now_s: float) -> Collection[str]:
        """Draw them anew where they live, if there is a process.

        That of simulated providers is waited for, so that they are back in the round in which they
        are expected; time on the wall does not pass for them.
        """
        theirs = {
            host: [name for name in host.members if name in providers] for host in self._hosts
        }
        asked = {
            host: host.actor.renew.remote(names, now_s)
            for host, names in theirs.items()
            if names and (host.is_up() if host.place.real else host.is_back())
        }
        real = any(host.place.real for host in asked)
        renewed = answers(asked, START_S if real else self._deadline_s)
        for host in renewed:
            host.renewed(theirs[host])
        return [name for host, names in theirs.items() if host not in renewed for name in names]

    def clear_hubs(self, round_: HubsRound) -> Cleared:
        """Clear in all hosts of hubs at once, however long an exact solver takes."""
        asked, concerned = {}, _concerned(round_)
        for house in self._houses:
            awake = [hub for hub in house.members if hub in concerned and hub not in house.bereft]
            if awake:
                asked[house] = house.actor.clear.remote(_round_of(round_, awake))
        cleared: dict[Process, HubsReply] = answers(asked)
        for house in cleared:
            house.losses = 0
        chat = {hub: reply for answer in cleared.values() for hub, reply in answer.chat.items()}
        workflow = next((a.workflow for a in cleared.values() if a.workflow is not None), None)
        return Cleared(
            HubsReply({hub: chat[hub] for hub in round_.chat if hub in chat}, workflow),
            {
                hub: how
                for house in self._houses
                for hub, how in house.bereft.items()
                if hub in concerned
            },
        )

    def renew_hubs(self, recovery: HubsRecovery) -> None:
        """Open them anew where they live; a process that was lost is waited for."""
        asked, told = {}, _concerned(recovery)
        for house in self._houses:
            if told.intersection(house.members):
                house.await_up()
                asked[house] = house.actor.renew.remote(_recovery_of(recovery, house.members))
        for house in answers(asked):
            house.renewed(told)

    def freeze(self) -> Frozen:
        """A piece of every actor that is there.

        Raises:
            ParticipantLost: one of them is lost, which its next answer will tell.
        """
        hosts, houses = (
            {process: process.actor.freeze.remote() for process in processes if process.is_up()}
            for processes in (self._hosts, self._houses)
        )
        return Frozen(all_answers(hosts, DEADLINE_S), all_answers(houses, DEADLINE_S))

    def thaw(self, frozen: Frozen) -> None:
        """Every actor takes its own out of all pieces of its kind."""
        providers, hubs = ray.put(frozen.providers), ray.put(frozen.hubs)
        all_answers({host: host.actor.thaw.remote(providers) for host in self._hosts})
        all_answers({house: house.actor.thaw.remote(hubs) for house in self._houses})


def _concerned(message: HubsRound | HubsRecovery) -> set[str]:
    """The hubs that a message is for."""
    return {*message.chat, *([] if message.workflow is None else [WORKFLOW_HUB])}


def _recovery_of(recovery: HubsRecovery, members: Sequence[str]) -> HubsRecovery:
    return HubsRecovery(
        _only(recovery.chat, members), recovery.workflow if WORKFLOW_HUB in members else None
    )


def _only(messages: Mapping[str, T], members: Sequence[str]) -> dict[str, T]:
    return {member: messages[member] for member in members if member in messages}


def _seats_of(seats: HubSeats, members: Sequence[str]) -> HubSeats:
    return replace(
        seats,
        matching={hub: seats.matching[hub] for hub in members if hub != WORKFLOW_HUB},
        workflow=seats.workflow if WORKFLOW_HUB in members else None,
    )


def _round_of(round_: HubsRound, members: Sequence[str]) -> HubsRound:
    return HubsRound(
        chat=_only(round_.chat, members),
        workflow=round_.workflow if WORKFLOW_HUB in members else None,
    )


def check_release(node: str, theirs: Release, driver: Release) -> None:
    """Whether a process on ``node`` runs what the driver runs.

    Raises:
        DifferentRelease: names the node and the first difference.
    """
    difference = theirs.difference_from(driver)
    if difference is not None:
        raise DifferentRelease(f"node {node} {difference}, which is what the driver runs")
