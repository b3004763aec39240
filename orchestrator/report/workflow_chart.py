"""What workflows were bought for, and what they truly cost."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import pyarrow as pa
import pyarrow.compute as pc

from market.messages import WORKFLOW
from market.money import usd
from orchestrator.log import read_table
from orchestrator.report.arms import Arm
from orchestrator.report.chart import Chart, colour, styled

AMOUNTS = {"paid": "client_pays_nano", "true cost": "true_cost_nano"}


def workflow_payments(arms: Sequence[Arm]) -> Chart:
    """Payments beside true cost, for each graph."""
    bought = _served(arms[0])
    return Chart(
        "workflows",
        "Workflows: payments and true cost",
        "Mean over the served workflows of each graph: the sum of the threshold payments, and the "
        "winners' quantities at their private costs. A truthful winner is paid at least its cost.",
        _bars(bought) if len(bought) else None,
    )


def _served(arm: Arm) -> pa.Table:
    """One row a served workflow, sorted: its name and the sums of its awards, in nano-USD."""
    names = read_table(arm.path, "workflows", ["trial", "workflow", "name", "status"])
    names = names.filter(pc.field("status") == "served").drop_columns(["status"])
    awards = read_table(arm.path, "awards", ["trial", "request", "kind", *AMOUNTS.values()])
    awards = awards.filter(pc.field("kind") == WORKFLOW).drop_columns(["kind"])
    sums = awards.group_by(["trial", "request"]).aggregate(
        [(column, "sum") for column in AMOUNTS.values()]
    )
    joined = names.join(sums, ["trial", "workflow"], ["trial", "request"], join_type="inner")
    return joined.sort_by([(key, "ascending") for key in ("name", "trial", "workflow")])


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
