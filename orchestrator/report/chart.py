"""What all charts have in common: colours that all eyes can tell apart, axes, legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

from orchestrator.report.arms import Arm

#: Okabe and Ito's palette, the darker colours first and yellow left out: the page is white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
GREY = "#6b7280"

#: Lines with fewer points show each of them.
MARKED_BELOW = 20


@dataclass(frozen=True)
class Chart:
    """A plot with its words; ``figure`` is None where the log has nothing to show."""

    key: str
    title: str
    caption: str
    figure: go.Figure | None


@dataclass(frozen=True)
class Line:
    """One line of a plot; ``x`` and ``y`` have one shape."""

    name: str
    x: Any
    y: Any
    colour: str
    dash: str = "solid"
    shape: str = "linear"


def colour(position: int) -> str:
    """The colour of the mechanism, hub or quantity at a position."""
    return COLOURS[position % len(COLOURS)]


def line_figure(lines: Sequence[Line], x_title: str, y_title: str) -> go.Figure | None:
    """A plot of lines, None if none of them has a point."""
    if all(np.isnan(line.y).all() for line in lines):
        return None
    figure = styled(x_title, y_title)
    for line in lines:
        figure.add_scatter(
            x=line.x,
            y=line.y,
            name=escape(line.name),
            mode="lines+markers" if len(line.x) < MARKED_BELOW else "lines",
            line={"color": line.colour, "dash": line.dash, "shape": line.shape, "width": 2},
            marker={"size": 5},
        )
    return figure


def rounds_figure(run: Arm, lines: Sequence[Line], y_title: str) -> go.Figure | None:
    """A plot of lines over rounds, with a mark where demand ends."""
    figure = line_figure(lines, "round", y_title)
    if figure is None:
        return None
    figure.update_layout(hovermode="x unified")
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(rangemode="tozero")
    if max(line.x.max(initial=0) for line in lines) > run.demand_rounds:
        mark_end_of_demand(figure, run)
    return figure


def mark_end_of_demand(figure: go.Figure, run: Arm) -> None:
    """A thin line at the last round in which demand arrives."""
    figure.add_vline(
        x=run.demand_rounds + 0.5,
        line={"color": GREY, "dash": "dot", "width": 1.5},
        annotation={"text": "demand ends", "font": {"color": GREY, "size": 11}},
        annotation_position="top right",
    )


def styled(x_title: str, y_title: str) -> go.Figure:
    """An empty plot with axes."""
    axis = {"gridcolor": "#e5e7eb", "linecolor": GREY, "automargin": True, "zerolinecolor": GREY}
    return go.Figure(
        layout={
            "template": "none",
            "autosize": True,
            "height": 370,
            "margin": {"l": 8, "r": 12, "t": 30, "b": 8},
            "font": {"family": "system-ui, sans-serif", "size": 12, "color": "#1f2937"},
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 0,
                "yref": "container",
                "yanchor": "bottom",
            },
            "dragmode": False,
            "showlegend": True,
            "xaxis": {"title": {"text": x_title, "standoff": 8}, **axis},
            "yaxis": {
                "title": {"text": y_title, "standoff": 8},
                "hoverformat": ".4~g",
                "exponentformat": "none",
                **axis,
            },
        }
    )
