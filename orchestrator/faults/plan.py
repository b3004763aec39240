"""Which faults a scenario has in store for a round: those that it lists, and those it draws.

A draw is keyed by the participant and the round, and compared with the chance of a fault: whoever
breaks down at some rate does so at every higher one too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from hubs.workflow_hub import WORKFLOW_HUB
from market import seeding
from orchestrator.assembly import Market
from orchestrator.faults.events import CRASH, DRAWN, HANG, HUB, LISTED, PROVIDER, FaultEvent
from orchestrator.faults.params import ListedFault, MeanUp
from orchestrator.scenario.model import Scenario


class FaultPlan:
    """The faults of one trial, known beforehand; none is in its very last round.

    Args:
        scenario: what is drawn and listed.
        market: who takes part; there is no workflow hub without anyone to buy from.
    """

    def __init__(self, scenario: Scenario, market: Market):
        self._params = params = scenario.faults
        self._round_s = scenario.round_s
        self._last = scenario.rounds + scenario.drain_rounds
        self._seed = market.seed
        self._providers = [profile.provider for profile in market.providers]
        self._hubs = list(market.matching_members)
        if market.workflow_members:
            self._hubs.append(WORKFLOW_HUB)
        self._listed: dict[int, list[ListedFault]] = defaultdict(list)
        for fault in params.listed:
            self._listed[fault.round].append(fault)

    def of_providers(self, number: int) -> list[FaultEvent]:
        """The crashes and hangs of a round; a provider has one at most, a crash before a hang."""
        kinds = ((CRASH, self._params.providers), (HANG, self._params.hangs))
        listed = {one.name: one.event for one in self._of(number) if one.provider is not None}
        found = {name: FaultEvent(PROVIDER, name, event, LISTED) for name, event in listed.items()}
        for event, rate in kinds:
            for name in self._drawn(number, f"provider {event}", rate, self._providers):
                found.setdefault(name, FaultEvent(PROVIDER, name, event, DRAWN))
        return [found[name] for name in sorted(found)]

    def of_hubs(self, number: int) -> dict[str, str]:
        """The hubs that lose their memory in a round, and why."""
        found = dict.fromkeys(
            self._drawn(number, "hub crash", self._params.hubs, self._hubs), DRAWN
        )
        found |= {one.name: LISTED for one in self._of(number) if one.hub is not None}
        return {hub: found[hub] for hub in self._hubs if hub in found}

    def _of(self, number: int) -> Sequence[ListedFault]:
        return self._listed.get(number, ())

    def _drawn(
        self, number: int, what: str, rate: MeanUp | None, names: Sequence[str]
    ) -> Iterator[str]:
        if rate is None or number >= self._last:
            return
        chance = rate.chance(self._round_s)
        for name in names:
            if seeding.uniform(self._seed, "fault", what, name, number) < chance:
                yield name


def hub_crash(hub: str, cause: str) -> FaultEvent:
    """A hub that begins anew: its contracts are kept, so nothing is lost by it."""
    return FaultEvent(HUB, hub, CRASH, cause)
