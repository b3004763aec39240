"""Charts of what was predicted against what came, and of the time to the first token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import pyarrow.compute as pc

from orchestrator.report.arms import Arm
from orchestrator.report.chart import GREY, Chart, Line, colour, line_figure, rounds_figure, styled
from orchestrator.report.matches import chat_matches, served_chats
from orchestrator.report.round_axis import Floats

QUANTILES = 400
SCATTERED = 1000


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


def ttft_distribution(arms: Sequence[Arm]) -> Chart:
    """The empirical distribution function of the time to the first token, by mechanism."""
    lines = []
    for position, arm in enumerate(arms):
        seconds = np.sort(served_chats(arm.path, ["ttft_s"])["ttft_s"].to_numpy())
        if len(seconds):
            share = np.linspace(1 / len(seconds), 1, min(len(seconds), QUANTILES))
            x = np.quantile(seconds, share, method="inverted_cdf")
            lines.append(Line(arm.mechanism, x, 100 * share, colour(position), shape="hv"))
    figure = line_figure(lines, "time to first token, s", "% of answers at most that late")
    if figure is not None and all(line.x[0] > 0 for line in lines):
        figure.update_xaxes(type="log", dtick="D2")
    return Chart(
        "ttft",
        "Time to first token",
        "Empirical distribution over all served chat requests, from submission to the provider to "
        "the first token; waiting for a match is not in it.",
        figure,
    )


def prediction_error(arms: Sequence[Arm]) -> Chart:
    """Normalised mean absolute error of the predictions for awarded matches, over rounds."""
    arm = arms[0]
    lines = []
    for position, what in enumerate((TTFT, OUTPUT)):
        rounds, expected, realized = _pairs(arm, what)
        if len(rounds):
            off = arm.axis.total(rounds, np.abs(expected - realized))
            error = arm.axis.ratio(off, arm.axis.total(rounds, realized))
            shown, name = arm.with_demand, what.name.lower()
            lines.append(Line(name, arm.axis.x[shown], error[shown], colour(position)))
    return Chart(
        "prediction",
        f"Prediction error over rounds, {arm.mechanism}",
        "Mean absolute error of what the hub expected of its matches, over the mean of what came, "
        "by the round of the match, without the drain. Every prediction was made before its "
        "outcome was learned from.",
        rounds_figure(arm, lines, "mean error / mean realised"),
    )


def expected_ttft(arms: Sequence[Arm]) -> Chart:
    """Expected against realised time to the first token."""
    return _scatter(arms[0], TTFT)


def expected_output(arms: Sequence[Arm]) -> Chart:
    """Expected against realised output tokens."""
    return _scatter(arms[0], OUTPUT)


def _scatter(arm: Arm, what: Predicted) -> Chart:
    _, expected, realized = _pairs(arm, what)
    every = max(1, -(-len(expected) // SCATTERED))
    some = f"; one in {every} is shown" if every > 1 else ""
    return Chart(
        f"expected-{what.key}",
        f"{what.name}: expected and realised, {arm.mechanism}",
        f"A point is a served match{some}. On the dashed line, what came is what was expected.",
        _scatter_figure(what, expected[::every], realized[::every]) if len(expected) else None,
    )


def _scatter_figure(what: Predicted, expected: Floats, realized: Floats) -> go.Figure:
    figure = styled(f"expected, {what.unit}", f"realised, {what.unit}")
    figure.add_scatter(
        x=expected,
        y=realized,
        mode="markers",
        name="match",
        marker={"color": colour(0), "size": 4, "opacity": 0.4},
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


def _pairs(arm: Arm, what: Predicted) -> tuple[Floats, Floats, Floats]:
    """Round, expectation and outcome of every served match that has both."""
    matches = chat_matches(arm.path, [what.expected], [what.realized])
    matches = matches.filter(pc.field(what.expected).is_valid())
    rounds, expected, realized = (
        matches[column].to_numpy().astype(float)
        for column in ("round", what.expected, what.realized)
    )
    return rounds, expected, realized
