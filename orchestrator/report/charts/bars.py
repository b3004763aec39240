"""Plots of bars, and the tables of their heights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import plotly.graph_objects as go

from orchestrator.report.charts.data_table import DataTable, labelled_table
from orchestrator.report.charts.plot import colour, pattern, styled
from orchestrator.report.round_axis import Floats


@dataclass(frozen=True)
class Bars:
    """One quantity in every category.

    Attributes:
        name: as in the legend, plain text.
        lengths: shape (categories,).
        position: which gives colour and filling.
    """

    name: str
    lengths: Floats
    position: int


def bar_figure(
    categories: Sequence[str],
    bars: Sequence[Bars],
    titles: tuple[str, str],
    mode: Literal["group", "relative"],
) -> go.Figure:
    """Upright bars over categories, beside each other or stacked; ``titles`` of both axes."""
    figure = styled(*titles)
    labels = [escape(category) for category in categories]
    for bar in bars:
        figure.add_bar(x=labels, y=bar.lengths, **_look(bar))
    figure.update_layout(barmode=mode, bargap=0.3)
    figure.update_xaxes(type="category")
    return figure


def lying_bar_figure(
    categories: Sequence[str], bars: Sequence[Bars], titles: tuple[str, str]
) -> go.Figure:
    """Bars that lie stacked, a row for each category, whose name may have several lines."""
    figure = styled(*titles, height=150 + 36 * len(categories))
    labels = [escape(category).replace("\n", "<br>") for category in categories]
    for bar in bars:
        figure.add_bar(y=labels, x=bar.lengths, orientation="h", **_look(bar))
    figure.update_layout(barmode="stack", bargap=0.3)
    figure.update_yaxes(type="category", autorange="reversed")
    figure.update_xaxes(exponentformat="none", hoverformat=".4~g")
    return figure


def bar_table(
    head: str, categories: Sequence[str], bars: Sequence[Bars], unit: str = ""
) -> DataTable:
    """A row for each category and a column for each quantity."""
    names = [f"{bar.name} ({unit})" if unit else bar.name for bar in bars]
    labels = [category.replace("\n", " ") for category in categories]
    return labelled_table((head, *names), labels, [bar.lengths for bar in bars])


def _look(bar: Bars) -> dict[str, object]:
    """Its name and filling; what has no length has no border either."""
    own, border = colour(bar.position), {"width": (bar.lengths != 0).astype(float)}
    marker = {"color": own, "line": {"color": own, **border}, "pattern": pattern(bar.position)}
    return {"name": escape(bar.name), "marker": marker}
