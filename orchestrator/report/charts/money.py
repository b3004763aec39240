"""Money of the chat market over rounds: who paid, what it cost, who gained."""

from __future__ import annotations

from collections.abc import Sequence

from market.money import usd
from orchestrator.report.arms import Arm
from orchestrator.report.charts.chart import Chart
from orchestrator.report.charts.lines import Line, round_chart
from orchestrator.report.charts.matches import served_chats, settled_chats
from orchestrator.report.round_axis import Floats

PAID, RECEIVED, KEPT = "client_paid_nano", "provider_received_nano", "hub_kept_nano"
VALUE, COST = "realized_value_nano", "realized_cost_nano"
NOTHING = "The log has no settled chat request."


def money(arms: Sequence[Arm]) -> Chart:
    """What clients paid, providers received and spent, and hubs kept in each round."""
    flows = _flows(arms[0])
    named = {
        "clients paid": PAID,
        "providers received": RECEIVED,
        "true cost": COST,
        "hubs kept": KEPT,
    }
    return round_chart(
        arms[0],
        "money",
        f"Payments and costs, {arms[0].label}",
        "Settled for chat requests in the round in which their answers came, and what these truly "
        "cost their providers. Workflows are below."
        if flows
        else NOTHING,
        _lines(arms[0], {name: flows[column] for name, column in named.items() if flows}),
        "USD per round",
    )


def surplus(arms: Sequence[Arm]) -> Chart:
    """How the welfare of a round is split between clients, providers and hubs."""
    flows = _flows(arms[0])
    split = (
        {
            "clients": flows[VALUE] - flows[PAID],
            "providers": flows[RECEIVED] - flows[COST],
            "hubs": flows[KEPT],
        }
        if flows
        else {}
    )
    return round_chart(
        arms[0],
        "surplus",
        f"Who gains, {arms[0].label}",
        "Clients: true value of the answers of a round less what was paid for them. Providers: "
        "what they received less true cost. Hubs: what they kept, below zero where they paid "
        "in. The three add up to the realised welfare of these answers. Chat requests only: what "
        "a workflow is worth to its client is not in the log."
        if flows
        else NOTHING,
        _lines(arms[0], split),
        "USD per round",
    )


def _lines(arm: Arm, series: dict[str, Floats]) -> list[Line]:
    dashes = ("solid", "dash", "dot", "dashdot")
    return [
        Line(name, arm.axis.x, usd(nano), position, dashes[position])
        for position, (name, nano) in enumerate(series.items())
    ]


def _flows(arm: Arm) -> dict[str, Floats]:
    """Nano-USD per round, of each column; nothing if nothing was settled."""
    moved = settled_chats(arm.path, ["round", PAID, RECEIVED, KEPT])
    done = served_chats(arm.path, ["round", VALUE, COST])
    return {
        column: arm.axis.mean(table["round"].to_numpy(), table[column].to_numpy())
        for table in (moved, done)
        for column in table.column_names[1:]
        if len(moved)
    }
