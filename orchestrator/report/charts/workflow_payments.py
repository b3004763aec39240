"""What workflows were bought for, what they truly cost, and what the payments are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hubs.params import WorkflowHubParams
from market.messages import WORKFLOW
from market.money import usd
from orchestrator.analysis.served_work import served_work
from orchestrator.log import read_table
from orchestrator.report.arms import Arm
from orchestrator.report.charts.bars import Bars, bar_figure, bar_table
from orchestrator.report.charts.chart import Chart
from orchestrator.report.round_axis import Floats

AMOUNTS = {"paid": "client_paid_nano", "true cost": "done_cost_nano"}

#: Plots have a place for at most so many graphs, those of most workflows.
MOST_GRAPHS = 12

NO_WORKFLOW = "The log has no workflow that was served."
GRAPH, UNIT = "graph (workflows served)", "USD per workflow"


def workflow_payments(arms: Sequence[Arm]) -> Chart:
    """What was paid in the end beside the true cost of what was done, for each graph."""
    arm = arms[0]
    key, title = "workflows", f"Workflows: payments and true cost, {arm.label}"
    names, means = _by_graph(served_work(arm.path), list(AMOUNTS.values()))
    if not names:
        return Chart(key, title, NO_WORKFLOW, None)
    bars = [
        Bars(name, means[column], position)
        for position, (name, column) in enumerate(AMOUNTS.items())
    ]
    figure = bar_figure(names, bars, (GRAPH, UNIT), "group")
    figure.update_traces(texttemplate="%{y:.3~g}", textposition="outside", cliponaxis=False)
    return Chart(
        key,
        title,
        "Mean over the served workflows of each graph: what the client paid in the end, and what "
        "the work that was done cost the winners, at their private costs."
        + _promise(arm.scenario.hubs.workflow),
        figure,
        bar_table(GRAPH, names, bars, UNIT),
    )


def _promise(hub: WorkflowHubParams) -> str:
    """What the rule promises of the two, where it promises anything."""
    if not hub.covers_cost:
        return ""
    predicted = " of the work that was predicted" if hub.settle == "predicted" else ""
    return f" A truthful winner is paid at least its cost{predicted}."


def payment_parts(arms: Sequence[Arm]) -> Chart:
    """What the payments of the awards are made of, for each graph."""
    arm = arms[0]
    key, title = "payment-parts", f"Workflows: parts of the payment, {arm.label}"
    names, means = _by_graph(_served_awards(arm), ["true_cost_nano", "cost_nano", PAYS])
    if not names:
        return Chart(key, title, NO_WORKFLOW, None)
    cost, bid, paid = (means[column] for column in ("true_cost_nano", "cost_nano", PAYS))
    parts = {
        "true cost": cost,
        "bid above true cost": bid - cost,
        "payment above the bid": paid - bid,
    }
    shown = [
        Bars(name, _without_dust(amount, paid), position)
        for position, (name, amount) in enumerate(parts.items())
    ]
    return Chart(
        key,
        title,
        "Mean over the served workflows of each graph, as fixed at the award: the winners' true "
        "cost, what they bid beyond it (below zero where they bid less), and what the rule paid "
        "beyond the bids. Under a truthful rule the last part is what keeps bids honest.",
        bar_figure(names, shown, (GRAPH, UNIT), "relative"),
        bar_table(GRAPH, names, shown, UNIT),
    )


PAYS = "client_pays_nano"


def _without_dust(amount: Floats, paid: Floats) -> Floats:
    """Amounts that are what rounding to nano-USD leaves are none."""
    rounded: Floats = np.where(np.abs(amount) <= 1e-6 * np.abs(paid), 0.0, amount)
    return rounded


def _served_awards(arm: Arm) -> pa.Table:
    """One row a winner of a served workflow."""
    columns = ["true_cost_nano", "cost_nano", PAYS]
    awards = read_table(arm.path, "awards", ["trial", "request", "kind", *columns])
    awards = awards.filter(pc.field("kind") == WORKFLOW)
    served = read_table(arm.path, "workflows", ["trial", "workflow", "name", "status"])
    served = served.filter(pc.field("status") == "served")
    return awards.join(served, ["trial", "request"], ["trial", "workflow"], join_type="inner")


def _by_graph(rows: pa.Table, columns: list[str]) -> tuple[list[str], dict[str, Floats]]:
    """The graphs with their numbers of workflows, and of each column the mean of the sums over a
    workflow's winners, in USD."""
    sums = rows.group_by(["name", "trial", "request"], use_threads=False).aggregate(
        [(column, "sum") for column in columns]
    )
    graphs = sums.group_by("name", use_threads=False).aggregate(
        [("name", "count"), *((f"{column}_sum", "mean") for column in columns)]
    )
    graphs = graphs.sort_by([("name_count", "descending"), ("name", "ascending")])
    graphs = graphs.slice(0, MOST_GRAPHS).sort_by("name")
    counted = zip(graphs["name"].to_pylist(), graphs["name_count"].to_pylist(), strict=True)
    means = {column: usd(graphs[f"{column}_sum_mean"].to_numpy()) for column in columns}
    return [f"{name} ({count})" for name, count in counted], means
