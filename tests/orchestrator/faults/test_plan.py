from __future__ import annotations

from typing import Any

import pytest

from orchestrator.assembly import assemble
from orchestrator.faults.events import FaultEvent
from orchestrator.faults.plan import FaultPlan
from tests.markets import GROUPS, small_market

ROUNDS = range(1, 600)


def plan(**faults: Any) -> FaultPlan:
    scenario = small_market(faults=faults)
    return FaultPlan(scenario, assemble(scenario, 0))


def crashes(mean_up_s: float) -> set[tuple[int, str]]:
    drawn = plan(providers={"mean_up_s": mean_up_s})
    return {(number, one.name) for number in ROUNDS for one in drawn.of_providers(number)}


def test_faults_come_at_their_rate() -> None:
    found = len(crashes(20))
    expected = len(ROUNDS) * 12 * 0.04877
    assert abs(found - expected) < 4 * expected**0.5


def test_whoever_crashes_at_some_rate_does_so_at_every_higher_one() -> None:
    assert crashes(200) < crashes(50) < crashes(20)


def test_kinds_of_faults_are_drawn_by_themselves() -> None:
    alone, together = (
        plan(hangs={"mean_up_s": 50}),
        plan(hangs={"mean_up_s": 50}, hubs={"mean_up_s": 10}),
    )
    for number in ROUNDS:
        assert alone.of_providers(number) == together.of_providers(number)
    hubs = [hub for number in ROUNDS for hub in together.of_hubs(number)]
    assert set(hubs) == {"hub-0", "hub-1", "workflow"}


def test_who_else_is_there_changes_nobodys_faults() -> None:
    faults = {"providers": {"mean_up_s": 30}}
    more = small_market(faults=faults, providers=[GROUPS[0] | {"count": 9}, GROUPS[1]])
    grown = FaultPlan(more, assemble(more, 0))
    before = plan(**faults)
    for number in ROUNDS:
        others = [one for one in grown.of_providers(number) if one.name != "small-008"]
        assert others == before.of_providers(number)


def test_listed_faults_go_before_drawn_ones_and_a_crash_before_a_hang() -> None:
    always = {"mean_up_s": 0.001}
    listed = [{"round": 9, "provider": "small-003", "event": "hang"}, {"round": 9, "hub": "hub-1"}]
    drawn = plan(providers=always, hangs=always, hubs=always, listed=listed)
    found = {one.name: one for one in drawn.of_providers(9)}
    assert len(found) == 12
    assert found["small-003"] == FaultEvent("provider", "small-003", "hang", "listed")
    assert found["small-002"] == FaultEvent("provider", "small-002", "crash", "drawn")
    assert drawn.of_hubs(9) == {"hub-0": "drawn", "hub-1": "listed", "workflow": "drawn"}


@pytest.mark.parametrize(("number", "providers", "hubs"), [(609, 12, 3), (610, 0, 0)])
def test_nothing_breaks_down_in_the_very_last_round(number: int, providers: int, hubs: int) -> None:
    always = {"mean_up_s": 0.001}
    drawn = plan(providers=always, hubs=always)
    assert len(drawn.of_providers(number)) == providers
    assert len(drawn.of_hubs(number)) == hubs
