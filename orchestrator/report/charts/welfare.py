"""Welfare of the chat market over rounds, and added up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from market.money import usd
from orchestrator.log import read_table
from orchestrator.report.arms import Arm
from orchestrator.report.charts.chart import Chart
from orchestrator.report.charts.lines import Line, round_chart
from orchestrator.report.charts.matches import chat_matches, served_chats

NO_MATCH = "The log has no match of a chat request."


def welfare(arms: Sequence[Arm]) -> Chart:
    """Welfare per round, realised by mechanism, and predicted in the run itself."""
    lines = []
    for position, arm in enumerate(arms):
        table = read_table(arm.path, "rounds", ["round", "awarded", "reported_welfare_nano"])
        if pc.sum(table["awarded"]).as_py():
            rounds, nano = (table[name].to_numpy() for name in ("round", "reported_welfare_nano"))
            x, realized = arm.axis.x, usd(arm.axis.mean(*_gains(arm)))
            lines.append(Line(f"{arm.label}, realised", x, realized, position))
            if arm is arms[0]:
                predicted = usd(arm.axis.mean(rounds, nano))
                lines.append(Line(f"{arm.label}, predicted", x, predicted, position, "dot"))
    return round_chart(
        arms[0],
        "welfare",
        "Welfare per round",
        "Value less cost of the chat requests, in the round of their match. Predicted: what the "
        "hub expected, at the reports and bids. Realised: true value of the answer less true "
        "cost; a match whose answer failed or is not in the log counts as nothing."
        if lines
        else NO_MATCH,
        lines,
        "USD per round",
    )


def _gains(arm: Arm) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Round of the match and value less cost of every answer.

    In whole nano-USD, whose sums are exact in any order.
    """
    matches = chat_matches(arm.path, ["realized_value_nano", "realized_cost_nano"])
    gained = pc.subtract(matches["realized_value_nano"], matches["realized_cost_nano"])
    return matches["round"].to_numpy(), gained.to_numpy()


def cumulative_welfare(arms: Sequence[Arm]) -> Chart:
    """Realised welfare of all answers up to a round, by mechanism."""
    lines = []
    for position, arm in enumerate(arms):
        done = served_chats(arm.path, ["round", "realized_value_nano", "realized_cost_nano"])
        if len(done):
            gained = pc.subtract(done["realized_value_nano"], done["realized_cost_nano"])
            total = arm.axis.cumulative(done["round"].to_numpy(), gained.to_numpy())
            lines.append(Line(arm.label, arm.axis.ends, usd(total), position))
    return round_chart(
        arms[0],
        "cumulative-welfare",
        "Welfare so far",
        "True value less true cost of all answers to chat requests that came up to a round, on "
        "average over trials."
        if lines
        else "The log has no answer to a chat request.",
        lines,
        "USD",
    )
