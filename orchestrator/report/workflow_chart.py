"""What workflows were bought for, and what they truly cost."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import pyarrow as pa

from hubs.params import WorkflowHubParams
from market.money import usd
from orchestrator.analysis.served_work import served_work
from orchestrator.report.arms import Arm
from orchestrator.report.chart import Chart, colour, styled

AMOUNTS = {"paid": "client_paid_nano", "true cost": "done_cost_nano"}


def workflow_payments(arms: Sequence[Arm]) -> Chart:
    """What was paid in the end beside the true cost of what was done, for each graph."""
    bought = _served(arms[0])
    return Chart(
        "workflows",
        "Workflows: payments and true cost",
        "Mean over the served workflows of each graph: what the client paid in the end, and what "
        "the work that was done cost the winners, at their private costs."
        + _promise(arms[0].scenario.hubs.workflow),
        _bars(bought) if len(bought) else None,
    )


def _promise(hub: WorkflowHubParams) -> str:
    """What the rule promises of the two, where it promises anything."""
    if not hub.covers_cost:
        return ""
    predicted = " of the work that was predicted" if hub.settle == "predicted" else ""
    return f" A truthful winner is paid at least its cost{predicted}."


def _served(arm: Arm) -> pa.Table:
    """One row a served workflow, sorted: its name and the sums over its winners, in nano-USD."""
    sums = served_work(arm.path).group_by(["name", "trial", "request"], use_threads=False)
    return sums.aggregate([(column, "sum") for column in AMOUNTS.values()])


def _bars(bought: pa.Table) -> go.Figure:
    figure = styled("graph (workflows served)", "USD per workflow")
    graphs = bought.group_by("name", use_threads=False).aggregate(
        [("name", "count"), *((f"{column}_sum", "mean") for column in AMOUNTS.values())]
    )
    counted = zip(graphs["name"].to_pylist(), graphs["name_count"].to_pylist(), strict=True)
    labels = [f"{name} ({count})" for name, count in counted]
    for position, (name, column) in enumerate(AMOUNTS.items()):
        figure.add_bar(
            x=labels,
            y=usd(graphs[f"{column}_sum_mean"].to_numpy()),
            name=name,
            marker={"color": colour(position)},
            texttemplate="%{y:.3~g}",
        )
    figure.update_layout(barmode="group", bargap=0.3)
    figure.update_xaxes(type="category")
    return figure
