"""The participants of a market in Ray actors: one message per actor and phase of a round.

Ray sends what is longer than 100 KiB by reference, its arrays in shared memory: the forecasts in
the answers of hubs. What is shorter, as most messages are, travels in the call, which is cheaper.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import ray
from ray.exceptions import GetTimeoutError, RayError, RayTaskError
from ray.util.placement_group import PlacementGroup, placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from agents.actor import ProviderActor
from agents.chat_bids import ChatWin
from agents.engine import Job
from hubs.actor import HubActor
from hubs.host import HubSeats, HubsReply, HubsRound
from hubs.recovery import HubsRecovery
from hubs.workflow_hub import WORKFLOW_HUB
from market.errors import DifferentRelease, NotEnoughResources, ParticipantLost
from market.release import Release
from orchestrator.assembly import Market
from orchestrator.packing import Packing, Place
from orchestrator.runtime import Cleared, Frozen, Stepped, hub_seats
from orchestrator.scenario import Scenario

#: How long a reservation may take where the cluster has what is asked, but others use it.
BUSY_S = 15.0

#: How long actors may take to start: a process each, on a slow disk.
START_S = 600.0

#: How long real engines may take to end in good order.
CLOSE_S = 30.0

GIB = 2**30

Resources = Mapping[str, float]
T = TypeVar("T")


@dataclass(frozen=True)
class Reserved:
    """A bundle that is reserved for an actor."""

    group: PlacementGroup
    index: int


class RayRuntime:
    """Providers and hubs in actors of one placement group, which end with their creator.

    An engine that runs in parts has a group of its own, all on one node, from which vLLM takes the
    GPUs of its parts: of any group it takes the first that it finds.

    Args:
        packing: who shares an actor.
        release: what every actor must run.
        wait_s: how long to wait for the cluster to grow to what the packing asks for.

    Raises:
        NotEnoughResources: the cluster does not have that much, or not within ``wait_s``.
        DifferentRelease: an actor runs another version or source.
        ParticipantLost: an actor does not start.
    """

    def __init__(self, packing: Packing, release: Release, wait_s: float = 0.0):
        self._packing = packing
        self._reserved = _reserve(packing, wait_s)
        kinds = [ProviderActor] * len(packing.providers) + [HubActor] * len(packing.hubs)
        handles = [
            kind.options(**_options(place, reserved)).remote()
            for kind, place, reserved in zip(kinds, packing.places, self._reserved, strict=True)
        ]
        self._hosts = handles[: len(packing.providers)]
        self._houses = handles[len(packing.providers) :]
        try:
            for node, theirs in _answers([handle.home.remote() for handle in handles], START_S):
                check_release(node, theirs, release)
        except BaseException:
            self.close()
            raise

    def peak_memory_bytes(self) -> list[int]:
        """The most memory that each actor has had resident at a time."""
        actors = [*self._hosts, *self._houses]
        return _answers([actor.peak_memory_bytes.remote() for actor in actors])

    def close(self) -> None:
        """End the actors and give back what they held; real engines are told before."""
        real = [
            host.close.remote()
            for host, place in zip(self._hosts, self._packing.providers, strict=True)
            if place.real
        ]
        with suppress(RayError, ParticipantLost):
            _answers(real, CLOSE_S)
        _give_back({reserved.group for reserved in self._reserved})

    def seat(self, scenario: Scenario, market: Market) -> None:
        """Tell every actor who lives in it."""
        groups = ray.put(scenario.providers)
        seats = hub_seats(scenario, market)
        _answers(
            [
                host.seat.remote(groups, scenario.electricity, market.seed, place.members)
                for host, place in zip(self._hosts, self._packing.providers, strict=True)
            ]
            + [
                house.seat.remote(_seats_of(seats, place.members))
                for house, place in zip(self._houses, self._packing.hubs, strict=True)
            ]
        )

    def step_providers(
        self,
        jobs: Mapping[str, Sequence[Job]],
        until_s: float,
        won: Mapping[str, ChatWin],
        silent: Collection[str],
    ) -> Stepped:
        """Step all hosts at once."""
        answers = _answers(
            [
                host.step.remote(
                    _only(jobs, place.members), until_s, _only(won, place.members), silent
                )
                for host, place in zip(self._hosts, self._packing.providers, strict=True)
            ]
        )
        replies = [reply for answer in answers for reply in answer]
        return Stepped(sorted(replies, key=lambda reply: str(reply.bid.provider)))

    def clear_hubs(self, round_: HubsRound) -> Cleared:
        """Clear in all hosts of hubs at once."""
        answers: list[HubsReply] = _answers(
            [
                house.clear.remote(_round_of(round_, place.members))
                for house, place in zip(self._houses, self._packing.hubs, strict=True)
            ]
        )
        chat = {hub: reply for answer in answers for hub, reply in answer.chat.items()}
        workflow = next((a.workflow for a in answers if a.workflow is not None), None)
        return Cleared(HubsReply({hub: chat[hub] for hub in round_.chat}, workflow))

    def renew_providers(self, providers: Collection[str], now_s: float) -> Collection[str]:
        """Draw them anew where they live."""
        _answers(
            [
                host.renew.remote([name for name in place.members if name in providers], now_s)
                for host, place in zip(self._hosts, self._packing.providers, strict=True)
            ]
        )
        return ()

    def renew_hubs(self, recovery: HubsRecovery) -> None:
        """Open them anew where they live."""
        _answers(
            [
                house.renew.remote(_recovery_of(recovery, place.members))
                for house, place in zip(self._houses, self._packing.hubs, strict=True)
            ]
        )

    def freeze(self) -> Frozen:
        """A piece of every actor."""
        providers = [host.freeze.remote() for host in self._hosts]
        hubs = [house.freeze.remote() for house in self._houses]
        return Frozen(_answers(providers), _answers(hubs))

    def thaw(self, frozen: Frozen) -> None:
        """Every actor takes its own out of all pieces of its kind."""
        providers, hubs = ray.put(frozen.providers), ray.put(frozen.hubs)
        _answers([host.thaw.remote(providers) for host in self._hosts])
        _answers([house.thaw.remote(hubs) for house in self._houses])


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
        chat={hub: round_.chat[hub] for hub in members if hub != WORKFLOW_HUB},
        workflow=round_.workflow if WORKFLOW_HUB in members else None,
    )


def _options(place: Place, reserved: Reserved) -> dict[str, Any]:
    return {
        "num_cpus": place.cpus,
        "num_gpus": place.gpus,
        "memory": place.memory_bytes,
        "scheduling_strategy": PlacementGroupSchedulingStrategy(
            reserved.group,
            reserved.index,
            placement_group_capture_child_tasks=bool(place.parts),
        ),
    }


def _reserve(packing: Packing, wait_s: float) -> list[Reserved]:
    """Reserve everything or nothing, so that two runs never keep each other's half for long.

    Returns what is reserved for each actor, in the order of the packing's places.
    """
    bundles = [bundle for place in packing.places for bundle in place.bundles]
    if wait_s <= 0 and (_lacking(bundles, ray.cluster_resources()) or _misfits(packing)):
        raise NotEnoughResources(_shortage(packing))
    together = [place for place in packing.places if not place.parts]
    everyone = placement_group([place.resources for place in together], strategy="SPREAD")
    own = {
        place.members: placement_group(place.bundles, strategy="STRICT_PACK")
        for place in packing.places
        if place.parts
    }
    groups = [everyone, *own.values()]
    deadline_s = time.monotonic() + max(wait_s, BUSY_S)
    if not all(group.wait(max(0.1, deadline_s - time.monotonic())) for group in groups):
        _give_back(groups)
        raise NotEnoughResources(_shortage(packing))
    order = iter(range(len(together)))
    return [
        Reserved(own[place.members], 0) if place.parts else Reserved(everyone, next(order))
        for place in packing.places
    ]


def _give_back(groups: Iterable[PlacementGroup]) -> None:
    for group in groups:
        remove_placement_group(group)


def _lacking(bundles: Sequence[Resources], there: Resources) -> bool:
    """Whether bundles ask for more than there is, in all; Ray counts in ten-thousandths."""
    return any(
        round(1e4 * amount) > round(1e4 * there.get(name, 0.0))
        for name, amount in _total(bundles).items()
    )


def _misfits(packing: Packing) -> list[Resources]:
    """What no node has enough for that must be on one, even if nobody else were there."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return [
        _total(place.bundles)
        for place in packing.places
        if all(_lacking(place.bundles, node) for node in nodes)
    ]


def _total(bundles: Sequence[Resources]) -> dict[str, float]:
    names = ("CPU", "GPU", "memory")
    return {name: sum(bundle.get(name, 0.0) for bundle in bundles) for name in names}


def _shortage(packing: Packing) -> str:
    """What is asked, what there is, where it does not fit, and what to do."""
    bundles = [bundle for place in packing.places for bundle in place.bundles]
    there, free = ray.cluster_resources(), ray.available_resources()
    misfits = _misfits(packing)
    where = ""
    if misfits:
        where = f"; one that asks for {_amounts(misfits[0])} fits on no node"
    elif not _lacking(bundles, free):
        where = "; on its nodes they do not fit side by side"
    return (
        f"not enough on the cluster: {len(packing.places)} actors ask for "
        f"{_amounts(_total(bundles))}; it has {_amounts(there)}, of which {_amounts(free)} are "
        f"free{where}; see packing in the scenario, or --wait for a cluster that grows"
    )


def _amounts(resources: Resources) -> str:
    cpus, gpus = (resources.get(name, 0.0) for name in ("CPU", "GPU"))
    return f"{cpus:g} CPUs, {gpus:g} GPUs and {resources.get('memory', 0.0) / GIB:.1f} GiB"


def check_release(node: str, theirs: Release, driver: Release) -> None:
    """Whether a process on ``node`` runs what the driver runs.

    Raises:
        DifferentRelease: names the node and the first difference.
    """
    difference = theirs.difference_from(driver)
    if difference is not None:
        raise DifferentRelease(f"node {node} {difference}, which is what the driver runs")


def _answers(references: Sequence[Any], timeout_s: float | None = None) -> list[Any]:
    """What actors answer, in order."""
    with losses("an actor of the market"):
        answers: list[Any] = ray.get(list(references), timeout=timeout_s)
    return answers


@contextmanager
def losses(who: str) -> Iterator[None]:
    """One line for what is gone: an actor, its node, or the room it had.

    Raises:
        ParticipantLost: says how, in Ray's words.
    """
    try:
        yield
    except GetTimeoutError as error:
        raise ParticipantLost(f"{who} did not start within {START_S:g} s") from error
    except RayTaskError:
        raise  # it is there, and raised this
    except RayError as error:
        how = str(error).strip().splitlines()[0] if str(error).strip() else "no more is known"
        raise ParticipantLost(f"{who} is gone: {type(error).__name__}: {how}") from error
