"""What all plots have in common: axes, legend, and marks that all eyes can tell apart."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from orchestrator.report.arms import Arm

#: Those of Okabe and Ito's palette that stand out from white by 3 to 1 (WCAG 2.2, 1.4.11), with
#: violet and brown instead of the others, which all eyes can tell from them.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8000E0", "#602000", "#000000")

#: What tells apart without colour: lines by their points, bars by their filling.
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star", "cross", "triangle-down")
PATTERNS = ("", "/", "x", ".", "-", "\\", "|", "+")

GREY = "#6b7280"
TEXT = "#1f2937"
HEIGHT = 370
AXIS = {"gridcolor": "#e5e7eb", "linecolor": GREY, "automargin": True, "zerolinecolor": GREY}


def colour(position: int) -> str:
    """The colour of the mechanism, provider or quantity at a position."""
    return COLOURS[position % len(COLOURS)]


def ink(position: int) -> str:
    """What is legible on its colour: black on the lighter three, white on all others."""
    return "#000000" if colour(position) in COLOURS[1:4] else "#ffffff"


def symbol(position: int) -> str:
    """Its mark; of another period than the colours, so that pairs recur late."""
    return SYMBOLS[position % len(SYMBOLS)]


def pattern(position: int) -> dict[str, Any]:
    """The filling of its bars."""
    return {"shape": PATTERNS[position % len(PATTERNS)], "size": 6, "solidity": 0.25}


def styled(x_title: str, y_title: str, height: int = HEIGHT) -> go.Figure:
    """An empty plot with axes; titles name the unit."""
    return go.Figure(
        layout={
            "template": "none",
            "autosize": True,
            "height": height,
            "margin": {"l": 8, "r": 12, "t": 30, "b": 8},
            "font": {"family": "system-ui, sans-serif", "size": 12, "color": TEXT},
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 0,
                "yref": "container",
                "yanchor": "bottom",
                "traceorder": "normal",
            },
            "dragmode": False,
            "showlegend": True,
            "xaxis": {"title": {"text": x_title, "standoff": 8}, **AXIS},
            "yaxis": {
                "title": {"text": y_title, "standoff": 8},
                "hoverformat": ".4~g",
                "exponentformat": "none",
                **AXIS,
            },
        }
    )


def mark_end_of_demand(figure: go.Figure, run: Arm) -> None:
    """A thin line at the last round in which demand arrives, where the log goes on after it."""
    if run.axis.last > run.demand_rounds:
        early = 2 * run.demand_rounds < run.axis.last
        figure.add_vline(
            x=run.demand_rounds + 0.5,
            line={"color": GREY, "dash": "dot", "width": 1.5},
            annotation={
                "text": "demand ends",
                "font": {"color": GREY, "size": 11},
                "xanchor": "left" if early else "right",
                "yanchor": "bottom",
            },
        )
