"""What befell providers and hubs, over rounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from orchestrator.log import read_table
from orchestrator.report.arms import Arm
from orchestrator.report.charts.chart import Chart
from orchestrator.report.charts.codes import coded
from orchestrator.report.charts.lines import Line, round_chart
from orchestrator.report.round_axis import Floats

DASHES = ("solid", "dash", "dot", "dashdot", "longdash")

#: The words for events, which are the log's otherwise.
WORDS = {"given_up": "given up"}


def faults(arms: Sequence[Arm]) -> Chart:
    """How many events of each kind there were in a round, and what was lost by them."""
    arm = arms[0]
    key, title = "faults", f"Faults over rounds, {arm.label}"
    table = read_table(arm.path, "faults", ["round", "participant", "event", "lost"])
    if not len(table):
        why = "The log has no faults: nothing crashed, hung or was lost."
        return Chart(key, title, why, None)
    who, what = coded(table["participant"]), coded(table["event"])
    rounds = np.maximum(table["round"].to_numpy(), 1)
    kinds, kind = np.unique(who.codes * len(what.names) + what.codes, return_inverse=True)
    series: dict[str, Floats] = {
        _words(who.names[code // len(what.names)], what.names[code % len(what.names)]): (
            arm.axis.mean(rounds[kind == at], np.ones((kind == at).sum()))
        )
        for at, code in enumerate(kinds.tolist())
    }
    series["work in flight that was lost"] = arm.axis.mean(rounds, table["lost"].to_numpy())
    lines = [
        Line(name, arm.axis.x, y, position, DASHES[position % len(DASHES)], "hvh")
        for position, (name, y) in enumerate(series.items())
    ]
    caption = (
        "Events of a round by who they befell, and the chat requests and workflow nodes in flight "
        "that failed by them."
    )
    return round_chart(arm, key, title, caption, lines, "events or requests per round")


def _words(participant: str, event: str) -> str:
    return f"{participant}: {WORDS.get(event, event)}"
