"""One workflow's allocation, drawn on its graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import plotly.graph_objects as go
import pyarrow.compute as pc

from market.money import usd
from orchestrator.log import read_table
from orchestrator.report.arms import Arm
from orchestrator.report.charts.chart import Chart
from orchestrator.report.charts.data_table import DataTable, number
from orchestrator.report.charts.layered_layout import layers, places
from orchestrator.report.charts.plot import GREY, TEXT, colour, ink, styled, symbol

_ORDER = [("trial", "ascending"), ("round", "ascending"), ("workflow", "ascending")]

#: Edges: at one provider, between two, and those that close a loop.
KEPT, SWITCHED, LOOP = "same provider", "other provider: transfer is paid", "feedback"

#: Pixels: the height of a row of nodes, the sizes of a node, and the width of a phone.
NODE_ROW = 26
SMALLEST, LARGEST = 6.0, 20.0
PHONE = 320


@dataclass(frozen=True)
class Bought:
    """A served workflow as it was bought: rows of the log."""

    auction: dict[str, Any]
    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]
    awards: list[dict[str, Any]]

    @property
    def providers(self) -> list[str]:
        """Its winners, by what they are paid, most first."""
        return [award["provider"] for award in self.awards]


@dataclass(frozen=True)
class Drawing:
    """Where nodes are.

    Attributes:
        at: place of every node from the left and from the top, in steps.
        rows: how many places there are from top to bottom.
        columns: and from left to right.
    """

    at: dict[str, tuple[float, float]]
    rows: int
    columns: int

    @property
    def mark(self) -> float:
        """The size of a node in pixels, so that they fit beside each other on a phone."""
        return max(SMALLEST, min(LARGEST, PHONE / self.columns))

    def path(self, edges: Iterable[dict[str, Any]]) -> list[tuple[float | None, float | None]]:
        """The ends of each edge, and a gap behind it."""
        return [
            point
            for edge in edges
            for point in (self.at[edge["source"]], self.at[edge["target"]], (None, None))
        ]


def workflow_graph(arms: Sequence[Arm]) -> Chart:
    """Who does which node of the served workflow of most winners."""
    arm = arms[0]
    key, title = "workflow-graph", f"A workflow's allocation, {arm.label}"
    bought = _most_winners(arm)
    if bought is None:
        return Chart(key, title, "The log has no workflow that was served.", None)
    auction = bought.auction
    alike = len(bought.providers) == 1
    return Chart(
        key,
        title,
        f"Workflow {auction['workflow']} ({auction['name']}), bought in round {auction['round']} "
        f"for {number(usd(auction['payment_nano']))} USD"
        + (": all of it of one provider. " if alike else "; no served workflow has more winners. ")
        + "Each node has the colour and the mark of the provider that does it; numbers are those "
        "of the table. On a dashed edge the provider changes, and the "
        "context is sent and paid again.",
        _figure(bought),
        _table(bought),
    )


def _most_winners(arm: Arm) -> Bought | None:
    """Of the served workflows of most winners the first that was bought."""
    auctions = read_table(
        arm.path, "auctions", ["trial", "round", "workflow", "name", "payment_nano", "winners"]
    )
    ended = read_table(arm.path, "workflows", ["trial", "workflow", "status"])
    served = ended.filter(pc.field("status") == "served").drop_columns(["status"])
    found = auctions.join(served, ["trial", "workflow"], join_type="inner")
    if not len(found):
        return None
    chosen = found.sort_by([("winners", "descending"), *_ORDER]).slice(0, 1).to_pylist()[0]
    return Bought(
        chosen,
        _rows(arm, "nodes", chosen, "workflow"),
        _rows(arm, "edges", chosen, "workflow"),
        sorted(
            _rows(arm, "awards", chosen, "request"),
            key=lambda award: (-award["client_pays_nano"], award["provider"]),
        ),
    )


def _rows(arm: Arm, table: str, of: dict[str, Any], column: str) -> list[dict[str, Any]]:
    """The rows of a table that are of a workflow, in the order of the log."""
    this = (pc.field("trial") == of["trial"]) & (pc.field(column) == of["workflow"])
    found: list[dict[str, Any]] = read_table(arm.path, table).filter(this).to_pylist()
    return found


def _figure(bought: Bought) -> go.Figure:
    drawing = _drawing(bought)
    figure = styled("", "", height=150 + NODE_ROW * drawing.rows)
    for kind, dash, width, own in (
        (KEPT, "solid", 1.0, GREY),
        (SWITCHED, "dash", 1.5, TEXT),
        (LOOP, "dot", 1.5, colour(1)),
    ):
        path = drawing.path(edge for edge in bought.edges if _kind(edge) == kind)
        if path:
            figure.add_scatter(
                x=[x for x, _ in path],
                y=[y for _, y in path],
                mode="lines",
                name=kind,
                line={"dash": dash, "width": width, "color": own},
                hoverinfo="skip",
            )
    for position, award in enumerate(bought.awards):
        figure.add_scatter(**_nodes(bought, drawing, position, award))
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, range=[drawing.rows - 0.4, -0.6])
    return figure


def _drawing(bought: Bought) -> Drawing:
    """Layers from left to right where they hold more nodes than there are layers, else downwards:
    a page has more room below than aside."""
    names = [node["node"] for node in bought.nodes]
    edges = [(edge["source"], edge["target"]) for edge in bought.edges]
    back = [(e["source"], e["target"]) for e in bought.edges if e["iterations"] is not None]
    found = layers(names, edges, back)
    across, widest = places(found), max(map(len, found))
    depth = {node: float(level) for level, layer in enumerate(found) for node in layer}
    middle = (widest - 1) / 2
    if widest > len(found):
        at = {node: (depth[node], across[node] + middle) for node in names}
        return Drawing(at, widest, len(found))
    at = {node: (across[node], depth[node]) for node in names}
    return Drawing(at, len(found), widest)


def _kind(edge: dict[str, Any]) -> str:
    if edge["iterations"] is not None:
        return LOOP
    return SWITCHED if edge["switched"] else KEPT


def _nodes(
    bought: Bought, drawing: Drawing, position: int, award: dict[str, Any]
) -> dict[str, Any]:
    """The trace of one winner's nodes."""
    own = [(at, n) for at, n in enumerate(bought.nodes, 1) if n["provider"] == award["provider"]]
    paid = number(usd(award["client_pays_nano"]))
    marks = {"color": colour(position), "symbol": symbol(position), "size": drawing.mark}
    return {
        "x": [drawing.at[node["node"]][0] for _, node in own],
        "y": [drawing.at[node["node"]][1] for _, node in own],
        "mode": "markers+text" if drawing.mark == LARGEST else "markers",
        "name": f"{escape(award['provider'])}: {len(own)} nodes, {paid} USD",
        "text": [str(at) for at, _ in own],
        "textfont": {"color": ink(position), "size": 10},
        "marker": {**marks, "line": {"color": "#ffffff", "width": 1}},
        "hovertext": [
            f"{at}: {escape(node['node'])}<br>{escape(node['provider'])}<br>"
            f"{number(node['output_tokens'])} output tokens"
            for at, node in own
        ],
        "hoverinfo": "text",
    }


def _table(bought: Bought) -> DataTable:
    """A row a winner, with its nodes by number and name."""
    heads = ("provider", "paid (USD)", "true cost (USD)", "quantity (tokens)", "nodes")
    rows = []
    for award in bought.awards:
        own = [
            f"{at} {node['node']}"
            for at, node in enumerate(bought.nodes, 1)
            if node["provider"] == award["provider"]
        ]
        amounts = [usd(award[name]) for name in ("client_pays_nano", "true_cost_nano")]
        figures = [*map(number, amounts), number(award["quantity_tokens"])]
        rows.append((award["provider"], *figures, ", ".join(own)))
    return DataTable(heads, tuple(rows))
