"""The rows of edges whose target is done, in markets that are played to their end."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from typing import Any

import pytest

from benchmarks.model_gap.market import simulated_engine, workflow_market
from orchestrator.assembly import assemble
from orchestrator.log.rows import RoundRows, provider_rows
from orchestrator.log.tables import TABLE_OF
from orchestrator.log.workflow_rows import handoff_row
from orchestrator.runtime import InProcess
from orchestrator.scenario.model import Scenario
from orchestrator.trial import Trial
from orchestrator.verify.checks.money import workflows_are_settled_by_the_rule
from orchestrator.verify.checks.work import (
    handoffs_follow_from_the_prompts,
    quantities_add_up,
)
from tests.invariants import Rows, check_rows

CHECKS = (
    handoffs_follow_from_the_prompts,
    quantities_add_up,
    workflows_are_settled_by_the_rule,
)


def played(scenario: Scenario) -> dict[str, Rows]:
    """The log of the first trial."""
    log: dict[str, Rows] = defaultdict(list)
    market = assemble(scenario, 0)
    handoffs: Rows = []
    with closing(InProcess()) as runtime:
        runtime.seat(scenario, market)
        rows: list[Any] = list(provider_rows(0, market))
        for record in Trial(scenario, market, runtime).rounds():
            rows += RoundRows(scenario, market, 0, record).rows()
            at = (0, record.number)
            handoffs += [handoff_row(at, one)._asdict() for one in record.workflows.handoffs]
    for row in rows:
        log[TABLE_OF[type(row)]].append(row._asdict())
    log["handoffs"] = handoffs
    return log


def market_of(names: tuple[str, ...], *, charged: bool, **changes: Any) -> Scenario:
    scenario = workflow_market(
        names,
        3,
        simulated_engine(0.01, 16),
        scale=0.01,
        every_rounds=1,
        workflows=8,
        charge_cached_input=charged,
    )
    source = scenario.demand[0].model_copy(update=changes)
    return scenario.model_copy(update={"demand": (source,)})


@pytest.mark.parametrize("charged", [False, True])
def test_every_edge_of_the_papers_workflows_has_a_row_that_follows_from_its_prompt(charged: bool):
    scenario = market_of(("S1", "S2", "S3", "S4"), charged=charged)
    log = played(scenario)
    check_rows(log, scenario, *CHECKS)
    assert len(log["handoffs"]) == len(log["edges"]) > 250
    second = [row for row in log["handoffs"] if not row["switched"] and not row["continued"]]
    assert second
    assert all(row["cached_tokens"] <= row["prompt_tokens"] for row in second)


def test_edges_of_loops_and_lengths_that_turn_out_otherwise_have_rows_too():
    scenario = market_of(("random",), charged=True, realized_noise=0.3)
    log = played(scenario)
    assert any(edge["iterations"] for edge in log["edges"])
    check_rows(log, scenario, *CHECKS)
