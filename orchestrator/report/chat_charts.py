"""Charts of the chat market over its rounds: welfare, money, cache, prices, load."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from market.messages import CHAT
from market.money import usd
from orchestrator.log import read_table
from orchestrator.report.arms import Arm
from orchestrator.report.chart import Chart, Line, colour, rounds_figure
from orchestrator.report.matches import chat_matches, served_chats
from orchestrator.report.round_axis import Floats


def welfare(arms: Sequence[Arm]) -> Chart:
    """Welfare per round, realised and predicted, by mechanism."""
    lines = []
    for position, arm in enumerate(arms):
        predicted, realized = _predicted_welfare(arm), _realized_welfare(arm)
        if predicted is None:
            continue
        x, own = arm.axis.x, colour(position)
        lines.append(Line(f"{arm.mechanism}, realised", x, realized, own))
        lines.append(Line(f"{arm.mechanism}, predicted", x, predicted, own, "dot"))
    return Chart(
        "welfare",
        "Welfare per round",
        "Value less cost of the chat requests, in the round of their match. Predicted: what the "
        "hub expected, at the reports and bids. Realised: true value of the answer less true "
        "cost; a match whose answer failed or is not in the log counts as nothing.",
        rounds_figure(arms[0], lines, "USD per round"),
    )


def _predicted_welfare(arm: Arm) -> Floats | None:
    table = read_table(arm.path, "rounds", ["round", "awarded", "reported_welfare_nano"])
    if not pc.sum(table["awarded"]).as_py():
        return None
    amounts = usd(table["reported_welfare_nano"].to_numpy())
    return arm.axis.mean(table["round"].to_numpy(), amounts)


def _realized_welfare(arm: Arm) -> Floats:
    matches = chat_matches(arm.path, [], ["realized_value_nano", "realized_cost_nano"])
    gained = pc.subtract(matches["realized_value_nano"], matches["realized_cost_nano"])
    return arm.axis.mean(matches["round"].to_numpy(), usd(gained.to_numpy()))


def money(arms: Sequence[Arm]) -> Chart:
    """What clients paid, providers received and hubs kept in each round."""
    arm = arms[0]
    named = {
        "clients paid": "client_paid_nano",
        "providers received": "provider_received_nano",
        "hubs kept": "hub_kept_nano",
    }
    moved = read_table(arm.path, "settlements", ["round", "kind", "void", *named.values()])
    moved = moved.filter((pc.field("kind") == CHAT) & ~pc.field("void"))
    rounds = moved["round"].to_numpy()
    lines = [
        Line(name, arm.axis.x, arm.axis.mean(rounds, usd(moved[column].to_numpy())), colour(i))
        for i, (name, column) in enumerate(named.items())
        if len(moved)
    ]
    return Chart(
        "money",
        f"Money over rounds, {arm.mechanism}",
        "Settled for chat requests in the round in which their answers came. Workflows are below.",
        rounds_figure(arm, lines, "USD per round"),
    )


def cache(arms: Sequence[Arm]) -> Chart:
    """Share of prompt tokens found cached, by mechanism."""
    lines = []
    for position, arm in enumerate(arms):
        done = served_chats(arm.path, ["round", "prompt_tokens", "cached_tokens"])
        done = done.filter(pc.field("cached_tokens").is_valid())
        if len(done):
            rounds = done["round"].to_numpy()
            totals = [
                arm.axis.total(rounds, done[column].to_numpy())
                for column in ("cached_tokens", "prompt_tokens")
            ]
            percent, shown = 100 * arm.axis.ratio(*totals), arm.with_demand
            lines.append(Line(arm.mechanism, arm.axis.x[shown], percent[shown], colour(position)))
    return Chart(
        "cache",
        "Cache hit rate over rounds",
        "Prompt tokens that providers found in the KV cache, over all prompt tokens, of the "
        "answers of a round. Left out: answers that report no cached tokens, and the drain, in "
        "which answers are few.",
        rounds_figure(arms[0], lines, "% of prompt tokens"),
    )


def load(arms: Sequence[Arm]) -> Chart:
    """Requests being served and waiting at the end of a round, and refused in it."""
    arm = arms[0]
    table = read_table(
        arm.path, "rounds", ["trial", "round", "arrived", "awarded", "refused", "inflight"]
    ).sort_by([("trial", "ascending"), ("round", "ascending")])
    rounds = table["round"].to_numpy()
    series = {
        "in flight": table["inflight"].to_numpy(),
        "waiting for a match": _waiting(table),
        "refused in the round": table["refused"].to_numpy(),
    }
    lines = [
        Line(name, arm.axis.x, arm.axis.mean(rounds, values), colour(i))
        for i, (name, values) in enumerate(series.items())
        if pc.sum(table["arrived"]).as_py()
    ]
    return Chart(
        "load",
        f"Load, {arm.mechanism}",
        "Chat requests at the end of each round: with a provider, or unmatched and waiting for the "
        "next clearing; and those given up in it.",
        rounds_figure(arm, lines, "requests"),
    )


def _waiting(rounds: pa.Table) -> npt.NDArray[np.int64]:
    """Arrived, less awarded and refused, since the first round of the trial."""
    trial = rounds["trial"].to_numpy()
    left = pc.subtract(pc.subtract(rounds["arrived"], rounds["awarded"]), rounds["refused"])
    change = left.to_numpy()
    waiting = np.zeros(len(trial), dtype=np.int64)
    for number in np.unique(trial):
        waiting[trial == number] = np.cumsum(change[trial == number])
    return waiting
