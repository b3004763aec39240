"""Lengths are expectations: nodes may turn out longer or shorter than what was auctioned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hubs.host import HubsRound
from hubs.workflow_hub import WorkflowRound
from orchestrator.analysis.summary import summarize
from orchestrator.analysis.summary_rows import summary_rows
from orchestrator.assembly import assemble
from orchestrator.log import read_table
from orchestrator.report.arms import read_arms
from orchestrator.report.charts.workflow_payments import workflow_payments
from orchestrator.runtime import Cleared, InProcess
from orchestrator.scenario.model import Scenario
from orchestrator.trial import Trial
from tests.markets import GROUPS, WORKFLOWS, run_market, small_market


def market(noise: float, settle: str = "predicted", **changes: Any) -> Scenario:
    demand = WORKFLOWS | {"every_rounds": 1, "realized_noise": noise} | changes
    return small_market(
        providers=[GROUPS[1] | {"chat_slots": 0, "workflow_slots": 8}],
        hubs={"count": 0, "workflow": {"settle": settle, "charge_entry_input": False}},
        demand=[demand],
        rounds=40,
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same market without noise, and with noise under either rule."""
    folder = tmp_path_factory.mktemp("runs")
    scenarios = {
        "without": market(0.0),
        "predicted": market(0.4),
        "realized": market(0.4, "realized"),
    }
    return {name: run_market(scenario, folder / name) for name, scenario in scenarios.items()}


def column(run: Path, table: str, name: str, **equal: Any) -> list[Any]:
    rows = read_table(run, table).to_pylist()
    return [row[name] for row in rows if all(row[key] == value for key, value in equal.items())]


def test_lengths_differ_from_those_auctioned_by_at_most_the_noise(runs: dict[str, Path]) -> None:
    def over_expected(run: Path) -> list[float]:
        nodes = read_table(run, "nodes").to_pylist()
        expected = {f"{row['workflow']}/{row['node']}": row["output_tokens"] for row in nodes}
        done = read_table(run, "completions").to_pylist()
        return [row["length_tokens"] / expected[row["request"]] for row in done]

    assert set(over_expected(runs["without"])) == {1.0}
    ratios = over_expected(runs["realized"])
    assert min(ratios) == pytest.approx(0.6, abs=0.01)
    assert max(ratios) == pytest.approx(1.4, abs=0.01)
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.02)


def test_what_is_auctioned_and_awarded_at_first_is_the_same_with_and_without_noise(
    runs: dict[str, Path],
) -> None:
    def first(run: Path) -> list[Any]:
        return [
            row for row in read_table(run, "awards").to_pylist() if row["request"] == "d0-00000"
        ]

    assert first(runs["without"]) == first(runs["predicted"]) == first(runs["realized"])
    rows = [read_table(run, "awards").to_pylist() for run in (runs["predicted"], runs["realized"])]
    assert rows[0] == rows[1]


def test_the_awards_are_paid_as_predicted_or_in_proportion_to_the_realised_work(
    runs: dict[str, Path],
) -> None:
    awarded = sum(column(runs["predicted"], "awards", "client_pays_nano"))
    assert sum(column(runs["predicted"], "settlements", "client_paid_nano")) == awarded
    in_proportion = column(runs["predicted"], "settlements", "realized_payment_nano")
    assert column(runs["realized"], "settlements", "client_paid_nano") == in_proportion
    assert sum(in_proportion) != awarded
    assert sum(in_proportion) == pytest.approx(awarded, rel=0.05)


@pytest.mark.parametrize(("settle", "part"), [("predicted", 0.5), ("realized", 1.0)])
def test_who_declares_half_the_lengths_pays_half_unless_settled_on_what_was_run(
    settle: str, part: float, tmp_path: Path
) -> None:
    changes = {"every_rounds": 4}  # so that no slot is short
    honest, lie = (
        run_market(market(0.0, settle, **changes, **lies), tmp_path / name)
        for name, lies in (("honest", {}), ("lie", {"declared": 0.5}))
    )
    paid, less = (sum(column(run, "workflows", "settled_nano")) for run in (honest, lie))
    assert less == pytest.approx(part * paid, rel=1e-6)


def test_the_summary_tells_what_realised_lengths_change(runs: dict[str, Path]) -> None:
    label = "  payment by realised work, less awarded"
    for name, run in runs.items():
        summary = summarize(run)
        paid = sum(column(run, "settlements", "client_paid_nano")) / 1e9
        assert summary.workflows.paid_usd == pytest.approx(paid)
        difference = summary.workflows.realized_less_predicted_usd
        shown = dict(summary_rows([summary]))
        if name == "without":
            assert difference is None
            assert label not in shown
            continue
        in_proportion = sum(column(run, "settlements", "realized_payment_nano"))
        expected = (in_proportion - sum(column(run, "awards", "client_pays_nano"))) / 1e9
        assert difference == pytest.approx(expected)
        sign = "-" if expected < 0 else ""
        assert shown[label] == [f"{sign}${abs(expected):,.2f}"]


@pytest.mark.parametrize("name", ["predicted", "realized"])
def test_what_was_paid_stands_beside_the_cost_of_the_work_that_was_done(
    runs: dict[str, Path], name: str
) -> None:
    run = runs[name]
    awards = {
        (row["request"], row["provider"]): row for row in read_table(run, "awards").to_pylist()
    }
    done, bought, paid = 0.0, 0.0, 0.0
    for row in read_table(run, "settlements").to_pylist():
        award = awards[row["request"], row["provider"]]
        work = row["realized_quantity_tokens"] / award["quantity_tokens"]
        done += award["true_cost_nano"] * work / 1e9
        bought += award["true_cost_nano"] / 1e9
        paid += row["client_paid_nano"] / 1e9
    assert abs(done - bought) > 1e-6
    market = summarize(run).workflows
    assert market.paid_usd == pytest.approx(paid)
    assert market.true_cost_usd == pytest.approx(done)
    bars = workflow_payments(read_arms(run)).figure.data
    counts = [int(label.split("(")[1].rstrip(")")) for label in bars[0].x]
    assert sum(counts) == market.served
    shown = {bar.name: float(np.dot(bar.y, counts)) for bar in bars}
    assert shown == pytest.approx({"paid": paid, "true cost": done})


@pytest.mark.parametrize(
    ("workflow", "promise"),
    [
        ({}, "A truthful winner is paid at least its cost of the work that was predicted."),
        ({"settle": "realized"}, "A truthful winner is paid at least its cost."),
        ({"reserve": "none"}, ""),
        ({"mechanism": "myopic"}, ""),
        ({"workload": "published"}, ""),
    ],
)
def test_the_page_promises_only_what_the_rule_does(
    workflow: dict[str, Any], promise: str, tmp_path: Path
) -> None:
    market = small_market(hubs={"count": 2, "workflow": workflow}, demand=[WORKFLOWS], rounds=3)
    caption = workflow_payments(read_arms(run_market(market, tmp_path / "run"))).caption
    assert caption.endswith(promise)
    assert ("at least its cost" in caption) == bool(promise)


class Wiretap(InProcess):
    """A runtime that keeps what the workflow hub is told and what it sends."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[WorkflowRound] = []
        self.sent: dict[str, int] = {}

    def clear_hubs(self, round_: HubsRound) -> Cleared:
        cleared = super().clear_hubs(round_)
        reply = cleared.reply
        assert round_.workflow is not None
        assert reply.workflow is not None
        self.told.append(round_.workflow)
        self.sent |= {one.request: one.output_tokens for one in reply.workflow.dispatches}
        return cleared


def listen(noise: float) -> Wiretap:
    scenario = market(noise)
    seats, wiretap = assemble(scenario, 0), Wiretap()
    wiretap.seat(scenario, seats)
    for _ in Trial(scenario, seats, wiretap).rounds():
        pass
    return wiretap


def test_a_hub_knows_no_realised_length_before_the_node_is_done() -> None:
    without, noisy = listen(0.0), listen(0.4)
    assert without.sent == noisy.sent  # what it sends names the lengths that are expected
    reported = 0
    for told in noisy.told:
        requests = [(one.request, one.workflow) for one in told.requests]
        reported += sum(done.length_tokens is not None for done in told.completions)
        same = next((one for one in without.told if one.number == told.number), None)
        if same is None:  # longer nodes take longer
            assert not requests
            continue
        assert requests == [(one.request, one.workflow) for one in same.requests]
        assert list(told.bids) == list(same.bids)
    assert reported == len(noisy.sent)


@pytest.mark.parametrize(
    ("noise", "complaint"), [(-0.1, "greater than or equal to 0"), (1.0, "less than 1")]
)
def test_the_noise_is_within_its_bounds(noise: float, complaint: str) -> None:
    with pytest.raises(ValueError, match=rf"realized_noise\n.*{complaint}"):
        market(noise)
