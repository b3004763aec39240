"""A forest plot: every paired difference with its interval, relative to the first run."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from orchestrator.report.arms import Arm
from orchestrator.report.charts import Chart, DataTable
from orchestrator.report.charts.plot import GREY, TEXT, colour, styled, symbol
from orchestrator.report.comparison import Compared

#: A row of the plot, in pixels, and what is around them.
ROW_PX = 44
FRAME_PX = 110

#: What is further off would leave no room for the others.
FURTHEST = 10.0


def forest_plot(arms: Sequence[Arm], compared: Sequence[Compared]) -> Chart:
    """The metrics of which anybody would agree which way is up, a row each."""
    judged = [one for one in compared if one.metric.better is not None]
    drawn = [one for one in judged if abs(one.relative) + one.relative_half <= FURTHEST]
    left = [one for one in judged if one not in drawn and not one.identical]
    without = _not_drawn("Too far off to be drawn", arms, [one for one in left if one.first_mean])
    without += _not_drawn(
        f"Of nothing there is no percentage, so not drawn where {arms[0].label} has 0",
        arms,
        [one for one in left if not one.first_mean],
    )
    return Chart(
        "forest",
        f"Differences from {arms[0].label}",
        f"Paired mean differences with 95 % intervals, in percent of the mean of {arms[0].label}. "
        "Filled marks are told apart after Holm's correction; the arrow says which way is better."
        + without,
        _figure(arms, drawn) if drawn else None,
        DataTable(
            ("", "run", "difference, %", "low, %", "high, %"),
            tuple(_row(arms[one.arm], one) for one in drawn),
        ),
    )


def _not_drawn(why: str, arms: Sequence[Arm], left: Sequence[Compared]) -> str:
    named = [f"{one.metric.label} ({arms[one.arm].label})" for one in left]
    return f" {why}: {'; '.join(named)}." if named else ""


def _row(arm: Arm, one: Compared) -> tuple[str, ...]:
    ends = (one.relative, one.relative - one.relative_half, one.relative + one.relative_half)
    return (one.metric.label, arm.label, *(f"{100 * end:+,.1f}" for end in ends))


def _figure(arms: Sequence[Arm], drawn: Sequence[Compared]) -> go.Figure:
    labels = list(dict.fromkeys(one.metric.label for one in drawn))
    height = FRAME_PX + ROW_PX * len(labels)
    figure = styled(f"difference from {escape(arms[0].label)}, % of its mean", "", height)
    others = len(arms) - 1
    for position in range(1, len(arms)):
        own = [one for one in drawn if one.arm == position]
        offset = 0.28 * (position - (others + 1) / 2) / max(1, others - 1) if others > 1 else 0.0
        figure.add_scatter(
            x=[100 * one.relative for one in own],
            y=[labels.index(one.metric.label) + offset + 0.12 for one in own],
            error_x={
                "type": "data",
                "array": [100 * one.relative_half for one in own],
                "thickness": 2,
                "width": 4,
            },
            mode="markers",
            name=escape(arms[position].label),
            text=[escape(one.metric.label) for one in own],
            marker={
                "color": colour(position),
                "size": 10,
                "symbol": [symbol(position) + ("" if one.told_apart else "-open") for one in own],
                "line": {"width": 2, "color": colour(position)},
            },
            hovertemplate="%{text}: %{x:+.3~g} %<extra>%{fullData.name}</extra>",
        )
    better = {one.metric.label: one.metric.better for one in drawn}
    for number, label in enumerate(labels):
        arrow = "→" if better[label] == "higher" else "←"
        figure.add_annotation(
            x=0,
            xref="paper",
            xanchor="left",
            y=number - 0.32,
            text=f"{escape(label)} <span style='color:{GREY}'>(better {arrow})</span>",
            showarrow=False,
            bgcolor="rgba(255,255,255,.8)",
        )
    figure.add_vline(x=0, line={"color": TEXT, "width": 1.5})
    figure.update_yaxes(range=[len(labels) - 0.4, -0.6], showticklabels=False, showgrid=False)
    figure.update_yaxes(zeroline=False, title=None)
    figure.update_xaxes(hoverformat="+.3~g", ticksuffix=" %", zeroline=False)
    figure.update_layout(hovermode="closest")
    return figure
