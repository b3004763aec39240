from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator.faults.params import FaultParams, MeanUp
from tests.markets import DIALOGUES, GROUPS, small_market

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another word for requests": ({"requests": "retry"}, "'fail' or 'reauction'"),
    "no time between crashes": ({"providers": {"mean_up_s": 0}}, "greater than or equal to 0.001"),
    "a rate that is no number": ({"hubs": {"mean_up_s": math.nan}}, "finite"),
    "back at once": ({"down_rounds": 0}, "greater than or equal to 1"),
    "no deadline": ({"deadline_s": 0}, "greater than 0"),
    "nobody": ({"listed": [{"round": 2}]}, "exactly one of provider, hub"),
    "two at once": (
        {"listed": [{"round": 2, "provider": "small-000", "hub": "hub-0"}]},
        "exactly one of provider, hub",
    ),
    "a hub that hangs": (
        {"listed": [{"round": 2, "hub": "hub-0", "event": "hang"}]},
        "expected crash, which is all that befalls a hub; got hang",
    ),
    "a provider that is not there": (
        {"listed": [{"round": 2, "provider": "small-099"}]},
        "faults.listed.0.provider: expected one of 12 providers; got 'small-099'",
    ),
    "a hub that is not there": (
        {"listed": [{"round": 2, "hub": "hub-2"}]},
        "faults.listed.0.hub: expected one of hub-0, hub-1, workflow; got 'hub-2'",
    ),
    "before the first round": ({"listed": [{"round": 0, "hub": "hub-0"}]}, "or equal to 1"),
    "in the very last round": (
        {"listed": [{"round": 610, "hub": "hub-0"}]},
        "faults.listed.0.round: expected a round before the very last one, 610; got 610",
    ),
    "twice in a round": (
        {"listed": [{"round": 2, "hub": "hub-0"}] * 2},
        "listed.1: expected one fault of each a round; got round 2, 'hub-0'",
    ),
    "an unknown key": ({"engines": {}}, "Extra inputs are not permitted"),
}


@pytest.mark.parametrize(("faults", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_makes_no_sense_is_said(faults: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as problem:
        small_market(faults=faults)
    assert message in str(problem.value)


def test_the_workflow_hub_can_only_break_down_where_workflows_are_sold() -> None:
    listed = {"listed": [{"round": 2, "hub": "workflow"}]}
    assert small_market(faults=listed).faults.listed[0].name == "workflow"
    chat_alone = GROUPS[0] | {"workflow_slots": 0}
    with pytest.raises(ValidationError, match="expected one of hub-0, hub-1; got 'workflow'"):
        small_market(faults=listed, providers=[chat_alone], demand=[DIALOGUES])


def test_without_the_section_nothing_is_drawn_and_requests_fail() -> None:
    faults = small_market().faults
    assert faults.providers is faults.hangs is faults.hubs is None
    assert not faults.listed
    assert not faults.reauctions


def test_chances_of_rounds_compound_to_an_exponential_time_between_faults() -> None:
    rate = MeanUp(mean_up_s=40)
    assert (1 - rate.chance(0.5)) ** 160 == pytest.approx(math.exp(-2))
    assert MeanUp(mean_up_s=1e12).chance(1e-3) == pytest.approx(1e-15)


@pytest.mark.parametrize(
    ("deadline_s", "round_s", "rounds"),
    [(None, 1.0, 10), (2.5, 1.0, 3), (0.3, 0.1, 3), (0.2, 1.0, 1), (3.0, 0.5, 6)],
)
def test_a_hang_is_given_up_in_the_first_round_that_ends_after_the_deadline(
    deadline_s: float | None, round_s: float, rounds: int
) -> None:
    assert FaultParams(deadline_s=deadline_s).hang_rounds(round_s) == rounds
