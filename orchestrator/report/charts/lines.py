"""Plots of lines, and the tables of their points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go

from orchestrator.report.arms import Arm
from orchestrator.report.charts.chart import Chart
from orchestrator.report.charts.data_table import DataTable, columns_table
from orchestrator.report.charts.plot import HEIGHT, colour, mark_end_of_demand, styled, symbol
from orchestrator.report.round_axis import Floats

#: Lines with fewer points mark each of them, others so many.
MARKED_BELOW = 20
MARKS = 12

#: On a phone every line has a row of the legend, pixels.
LEGEND_ROW = 18


@dataclass(frozen=True)
class Line:
    """One line of a plot.

    Attributes:
        name: as in the legend, plain text.
        x: shape (n,), increasing.
        y: shape (n,), NaN where there is nothing.
        position: of what it shows, which gives its colour and its marks.
        dash: as Plotly names it.
        shape: how points are joined, as Plotly names it.
    """

    name: str
    x: Floats
    y: Floats
    position: int
    dash: str = "solid"
    shape: str = "linear"


def round_chart(
    run: Arm, key: str, title: str, caption: str, lines: Sequence[Line], unit: str
) -> Chart:
    """Lines over rounds; without a plot where none of them has a point."""
    figure = line_figure(lines, "round", unit)
    if figure is None:
        return Chart(key, title, caption, None)
    figure.update_layout(hovermode="x unified")
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(rangemode="tozero")
    if max(line.x.max(initial=0) for line in lines) > run.demand_rounds:
        mark_end_of_demand(figure, run)
    return Chart(key, title, caption, figure, line_table(lines, "round", unit))


def line_figure(lines: Sequence[Line], x_title: str, y_title: str) -> go.Figure | None:
    """A plot of lines, None if none of them has a point."""
    if all(np.isnan(line.y).all() for line in lines):
        return None
    figure = styled(x_title, y_title, HEIGHT + LEGEND_ROW * max(0, len(lines) - 3))
    for line in lines:
        figure.add_scatter(
            x=line.x,
            y=line.y,
            name=escape(line.name),
            mode="lines+markers",
            line={"color": colour(line.position), "dash": line.dash, "shape": line.shape},
            marker={
                "size": 6,
                "symbol": symbol(line.position),
                "maxdisplayed": 0 if len(line.x) < MARKED_BELOW else MARKS,
            },
        )
    return figure


def line_table(lines: Sequence[Line], x_title: str, y_title: str) -> DataTable:
    """A row for each place that any line has a point at, and a column for each line."""
    x = np.unique(np.concatenate([line.x for line in lines]))
    columns = []
    for line in lines:
        y = np.full(len(x), np.nan)
        y[np.searchsorted(x, line.x)] = line.y
        columns.append((f"{line.name} ({y_title})", y))
    return columns_table(x_title, x, columns)


def distribution(values: Floats, points: int) -> tuple[Floats, Floats]:
    """The empirical distribution function at no more than so many places.

    Returns:
        The places, increasing, the last of them the largest value; and the percentage of
        ``values`` that are at most as large.
    """
    share = np.linspace(1 / len(values), 1, min(len(values), points))
    places: Floats = np.quantile(values, share, method="inverted_cdf")
    return places, 100 * share


def quantile_table(samples: Sequence[tuple[str, Floats]], head: str, unit: str) -> DataTable:
    """Some quantiles of each sample; ``head`` says what a percentage is of."""
    percent = np.array([1, 5, 10, 25, 50, 75, 90, 95, 99, 100], dtype=float)
    columns = [
        (f"{name} ({unit})", np.quantile(values, percent / 100, method="inverted_cdf"))
        for name, values in samples
    ]
    return columns_table(head, percent, columns)
