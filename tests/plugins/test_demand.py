"""Sources of demand that are not ours: whatever they give is played, or refused in a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import pytest

from market.errors import BadInput
from market.workflow import Node, Workflow
from orchestrator.demand import (
    Demand,
    DialogueSource,
    Setting,
    WorkflowArrival,
    WorkflowSource,
    count_demand,
)
from orchestrator.demand.dialogue import Dialogue, Topic, TurnPlan

SETTING = Setting(seed=1, source="d0", horizon_s=10.0, round_s=1.0, domains=("law",))
GRAPH = Workflow((Node("a", 100.0, difficulty=1),), ())


class Given(DialogueSource):
    """Dialogues of one turn at moments that are given, under names that are."""

    kind: Literal["given"] = "given"
    starts: dict[str, float]

    def dialogues(self, setting: Setting) -> Iterator[Dialogue]:
        turn = TurnPlan(5, 5, 0.0, (), 0.5)
        for name, start_s in self.starts.items():
            yield Dialogue(name, start_s, (), Topic("law", 0.5), (turn,))

    def count(self, setting: Setting) -> int:
        return len(self.starts)


class Single(WorkflowSource):
    """One workflow, at a moment that is given."""

    kind: Literal["single"] = "single"
    at_s: float

    def arrivals(self, setting: Setting) -> Iterator[WorkflowArrival]:
        yield WorkflowArrival(f"{setting.source}-0", "one", self.at_s, GRAPH, 1.0, {"a": 100.0})

    def count(self, setting: Setting) -> int:
        return 1


def test_dialogues_and_workflows_of_any_source_arrive_in_order_of_time() -> None:
    sources = [
        (Given(starts={"d0-x-1": 1.0, "d0-x-2": 3.0}), SETTING),
        (Single(at_s=2.5), replace(SETTING, source="d1")),
        (Single(at_s=0.5), replace(SETTING, source="d2")),
    ]
    demand = Demand(sources)
    turns = demand.turns(5.0)
    assert [turn.request for turn in turns] == ["d0-x-1.1", "d0-x-2.1"]
    demand.answered(turns[0], 2.0)  # a hyphen more in a name leads to the same tape
    assert [one.request for one in demand.workflows(5.0)] == ["d2-0", "d1-0"]
    assert count_demand(sources) == (2, 2)


@pytest.mark.parametrize(
    ("starts", "told"),
    [
        ({"x-1": 1.0}, "expected a name that begins with d0-; got 'x-1'"),
        ({"d0-1": 2.0, "d0-2": 1.0}, "expected 'd0-2' at 2 s or later"),
        ({"d0-1": float("nan")}, "expected 'd0-1' at 0 s or later"),
    ],
)
def test_what_is_not_its_own_or_out_of_order_is_refused(
    starts: dict[str, float], told: str
) -> None:
    with pytest.raises(BadInput, match=rf"^demand: given: {told}"):
        Demand([(Given.model_construct(kind="given", starts=starts), SETTING)]).turns(5.0)


def test_workflows_out_of_order_are_refused() -> None:
    with pytest.raises(BadInput, match=r"^demand: single: expected 'd0-0' at 0 s or later"):
        Demand([(Single(at_s=-1.0), SETTING)])
