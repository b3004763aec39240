"""The price signal of the hubs: what one more slot is worth, over rounds."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa
import pyarrow.compute as pc

from market.money import usd
from orchestrator.log import read_table
from orchestrator.report.arms import Arm
from orchestrator.report.chart import Chart, mark_end_of_demand, styled
from orchestrator.report.round_axis import Floats

PRICED_SLOTS = 1000


def scarcity(arms: Sequence[Arm]) -> Chart:
    """Mean scarcity price in each hub, a row a hub."""
    arm = arms[0]
    table = read_table(arm.path, "hubs", ["round", "hub", "arrived", "scarcity_prices_nano"])
    return Chart(
        "scarcity",
        f"Scarcity price by hub, {arm.mechanism}",
        f"USD per {PRICED_SLOTS:,} slots: what one more free slot would have added to the welfare "
        "of a clearing, mean over the providers of the hub. The darker, the dearer.",
        _heatmap(arm, table) if pc.sum(table["arrived"]).as_py() else None,
    )


def _heatmap(arm: Arm, table: pa.Table) -> go.Figure:
    hubs = pc.unique(table["hub"]).to_pylist()
    hub, rounds = table["hub"].to_numpy(), table["round"].to_numpy()
    price = usd(_row_means(table["scarcity_prices_nano"])) * PRICED_SLOTS
    figure = styled("round", "hub")
    figure.add_heatmap(
        x=arm.axis.x,
        y=[escape(name) for name in hubs],
        z=np.stack([arm.axis.mean(rounds[hub == name], price[hub == name]) for name in hubs]),
        zmin=0,
        colorscale="Blues",
        colorbar={"thickness": 12, "title": {"text": "USD", "side": "top"}},
        hovertemplate="round %{x}, %{y}<br>%{z:.4~g} USD<extra></extra>",
    )
    figure.update_yaxes(type="category", autorange="reversed")
    if arm.axis.last > arm.demand_rounds:
        mark_end_of_demand(figure, arm)
    return figure


def _row_means(lists: pa.ChunkedArray) -> Floats:
    """The mean of every list, 0 for an empty one."""
    lengths = pc.list_value_length(lists).to_numpy()
    row = np.repeat(np.arange(len(lengths)), lengths)
    sums = np.bincount(row, weights=pc.list_flatten(lists).to_numpy(), minlength=len(lengths))
    means: Floats = sums / np.maximum(lengths, 1)
    return means
