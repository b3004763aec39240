"""What hubs predicted, against what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa
import pyarrow.compute as pc

from market.messages import CHAT
from orchestrator.log import read_table
from orchestrator.report.arms import Arm
from orchestrator.report.charts.chart import Chart
from orchestrator.report.charts.data_table import DataTable, columns_table
from orchestrator.report.charts.lines import Line, round_chart
from orchestrator.report.charts.matches import KEY, served_chats
from orchestrator.report.charts.plot import GREY, colour, styled
from orchestrator.report.round_axis import Floats, RoundAxis

#: A cloud has no more points than that.
SCATTERED = 1000
CLASSES = 10

NO_LABEL = "No prediction of this run met its outcome: no match was served."


@dataclass(frozen=True)
class Tracked:
    """An error that is tracked over rounds: sums of errors over sums of what they are set against.

    Both are columns of the table ``prequential``.
    """

    name: str
    errors: str
    whole: str
    dash: str


TRACKED = (
    Tracked("time to first token (NMAE)", "ttft_abs_error_s", "ttft_s", "solid"),
    Tracked("cost in tokens (NMAE)", "cost_abs_error_tokens", "cost_tokens", "dash"),
    Tracked("quality (Brier score)", "quality_squared_error", "graded", "dot"),
    Tracked("output tokens (NMAE)", "output_abs_error_tokens", "output_tokens", "dashdot"),
)


@dataclass(frozen=True)
class Predicted:
    """A quantity that hubs predict: its columns among awards and completions, and its unit."""

    key: str
    name: str
    expected: str
    realized: str
    unit: str


TTFT = Predicted("ttft", "Time to first token", "expected_ttft_s", "ttft_s", "s")
OUTPUT = Predicted("output", "Output tokens", "expected_output_tokens", "output_tokens", "tokens")


def prediction_error(arms: Sequence[Arm]) -> Chart:
    """Errors of the predictions for awarded matches, over rounds."""
    arm = arms[0]
    columns = [column for one in TRACKED for column in (one.errors, one.whole)]
    table = read_table(arm.path, "prequential", ["round", *columns])
    rounds = table["round"].to_numpy()
    lines = []
    for position, one in enumerate(TRACKED):
        sums = [arm.axis.total(rounds, table[name].to_numpy()) for name in (one.errors, one.whole)]
        y, shown = RoundAxis.ratio(*sums), arm.with_demand
        if np.isfinite(y[shown]).any():
            lines.append(Line(one.name, arm.axis.x[shown], y[shown], position, one.dash))
    return round_chart(
        arm,
        "prediction",
        f"Prediction error over rounds, {arm.label}",
        "Of the predictions for matches whose answers came in a round, each made before its "
        "outcome was learned from. NMAE: mean absolute error over the mean of what came; 0 is "
        "perfect. Brier score: mean squared error of the predicted quality, at most 1. The drain "
        "is left out."
        if lines
        else NO_LABEL,
        lines,
        "error, without unit",
    )


def expected_ttft(arms: Sequence[Arm]) -> Chart:
    """Expected against realised time to the first token."""
    return _scatter(arms[0], TTFT)


def expected_output(arms: Sequence[Arm]) -> Chart:
    """Expected against realised output tokens."""
    return _scatter(arms[0], OUTPUT)


def _scatter(arm: Arm, what: Predicted) -> Chart:
    key, title = f"expected-{what.key}", f"{what.name}: expected and realised, {arm.label}"
    every, expected, realized = _pairs(arm, what)
    if not len(expected):
        return Chart(key, title, NO_LABEL, None)
    some = f"; one in {every} is drawn" if every > 1 else ""
    return Chart(
        key,
        title,
        f"A point is a served match{some}. On the dashed line, what came is what was expected; "
        "above it, more came.",
        _scatter_figure(what, expected, realized),
        _classes(what, expected, realized),
    )


def _pairs(arm: Arm, what: Predicted) -> tuple[int, Floats, Floats]:
    """One in how many chat awards is taken; expectation and outcome of those that were served."""
    awards = read_table(arm.path, "awards", [*KEY, "kind", what.expected])
    awards = awards.filter((pc.field("kind") == CHAT) & pc.field(what.expected).is_valid())
    every = max(1, -(-len(awards) // SCATTERED))
    taken = awards.take(pa.array(np.arange(0, len(awards), every)))
    done = served_chats(arm.path, [*KEY, what.realized])
    done = done.filter(pc.is_in(done["request"], pc.unique(taken["request"])))
    both = taken.join(done, KEY, join_type="inner").sort_by([(key, "ascending") for key in KEY])
    expected, realized = (
        both[column].to_numpy().astype(float) for column in (what.expected, what.realized)
    )
    return every, expected, realized


def _classes(what: Predicted, expected: Floats, realized: Floats) -> DataTable:
    """Means of the points, in classes of equal size by what was expected."""
    order = np.argsort(expected, kind="stable")
    classes = np.array_split(order, min(CLASSES, len(order)))
    columns = [
        ("points", np.array([len(rows) for rows in classes], dtype=float)),
        *(
            (f"{name} ({what.unit})", np.array([values[rows].mean() for rows in classes]))
            for name, values in (("mean expected", expected), ("mean realised", realized))
        ),
    ]
    return columns_table("class by what was expected", np.arange(1, len(classes) + 1), columns)


def _scatter_figure(what: Predicted, expected: Floats, realized: Floats) -> go.Figure:
    figure = styled(f"expected, {what.unit}", f"realised, {what.unit}")
    figure.add_scatter(
        x=expected,
        y=realized,
        mode="markers",
        name="match",
        marker={"color": colour(0), "size": 4, "opacity": 0.7},
    )
    both = np.concatenate([expected, realized])
    low, high = both.min(), both.max()
    figure.add_scatter(
        x=[low, high],
        y=[low, high],
        mode="lines",
        name="as expected",
        line={"color": GREY, "dash": "dash", "width": 1.5},
        hoverinfo="skip",
    )
    axis: dict[str, object] = {"hoverformat": ".4~g", "range": [low, high]}
    if low > 0:
        ends = [np.log10(low) - 0.05, np.log10(high) + 0.05]
        axis |= {"type": "log", "dtick": "D2", "range": ends}
    return figure.update_xaxes(axis).update_yaxes(axis)
