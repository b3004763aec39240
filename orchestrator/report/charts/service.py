"""How chat requests ended, how long they waited for a first token, and what was found cached."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestrator.log import read_table
from orchestrator.report.arms import Arm
from orchestrator.report.charts.bars import Bars, bar_table, lying_bar_figure
from orchestrator.report.charts.chart import Chart
from orchestrator.report.charts.lines import (
    Line,
    distribution,
    line_figure,
    line_table,
    quantile_table,
    round_chart,
)
from orchestrator.report.charts.matches import KEY, served_chats
from orchestrator.report.round_axis import MAX_POINTS, Floats, RoundAxis

#: How what was asked can end, and the words for it.
ENDS = {
    "served": "served",
    "refused": "refused",
    "failed": "failed",
    "reauctioned": "failed and auctioned again",
}
KINDS = {"chat requests": "requests", "workflows": "workflows"}

#: Turns of fewer answers are left out: their share of cached tokens is chance.
FEWEST = 5

NO_ANSWER = "The log has no answer to a chat request."
NO_CACHED = "The log has no answer that reports cached tokens."


def endings(arms: Sequence[Arm]) -> Chart:
    """How chat requests and workflows ended, by mechanism."""
    rows = {
        f"{arm.label}\n{kind}": counts
        for kind, table in KINDS.items()
        for arm in arms
        if (counts := _counts(arm, table)).any()
    }
    if not rows:
        why = "The log has no chat request and no workflow that ended."
        return Chart("endings", "How requests ended", why, None)
    counts = np.array(list(rows.values()), dtype=float)
    percent = 100 * counts / counts.sum(axis=1, keepdims=True)
    seen = [(at, name) for at, name in enumerate(ENDS.values()) if counts[:, at].any()]
    shares = [Bars(name, percent[:, at], at) for at, name in seen]
    return Chart(
        "endings",
        "How requests ended",
        "Of what ended so far, in % of its kind: answered; refused, unmatched until patience was "
        "out or turned away; failed at a provider. What failed and was auctioned again ends a "
        "second time. The table has the counts.",
        lying_bar_figure(list(rows), shares, ("% of those that ended", "")),
        bar_table("run and kind", list(rows), [Bars(name, counts[:, at], at) for at, name in seen]),
    )


def _counts(arm: Arm, table: str) -> Floats:
    status = read_table(arm.path, table, ["status"])["status"]
    found = {entry["values"]: entry["counts"] for entry in pc.value_counts(status).to_pylist()}
    return np.array([found.get(end, 0) for end in ENDS], dtype=float)


def cache(arms: Sequence[Arm]) -> Chart:
    """Share of prompt tokens found cached, by mechanism."""
    lines = []
    for position, arm in enumerate(arms):
        done = _reported(arm, ["round"])
        if len(done):
            rounds = done["round"].to_numpy()
            totals = [arm.axis.total(rounds, done[column].to_numpy()) for column in TOKENS]
            percent, shown = 100 * RoundAxis.ratio(*totals), arm.with_demand
            lines.append(Line(arm.label, arm.axis.x[shown], percent[shown], position))
    return round_chart(
        arms[0],
        "cache",
        "Cache hit rate over rounds",
        "Prompt tokens that providers found in the KV cache, over all prompt tokens, of the "
        "answers of a round. Left out: answers that report no cached tokens, and the drain, in "
        "which answers are few."
        if lines
        else NO_CACHED,
        lines,
        "% of prompt tokens",
    )


TOKENS = ("cached_tokens", "prompt_tokens")


def _reported(arm: Arm, columns: list[str]) -> pa.Table:
    """Columns and tokens of the answers that report what they found cached."""
    done = served_chats(arm.path, [*columns, *TOKENS])
    return done.filter(pc.field("cached_tokens").is_valid())


def cache_by_turn(arms: Sequence[Arm]) -> Chart:
    """Share of prompt tokens found cached by turn of the dialogue, by mechanism."""
    lines = []
    for position, arm in enumerate(arms):
        turns = read_table(arm.path, "requests", [*KEY, "turn"])
        done = _reported(arm, KEY).join(turns, KEY, join_type="inner")
        turn = np.minimum(done["turn"].to_numpy(), MAX_POINTS)
        shown = np.flatnonzero(np.bincount(turn) >= FEWEST)
        if len(shown):
            found, all_tokens = (
                np.bincount(turn, done[column].to_numpy())[shown].astype(np.float64)
                for column in TOKENS
            )
            percent = 100 * RoundAxis.ratio(found, all_tokens)
            lines.append(Line(arm.label, shown.astype(float), percent, position))
    words = (
        "Prompt tokens found in the KV cache over all prompt tokens, of the answers at a turn of "
        "their dialogue. A first turn has no past to find; later ones have, where the dialogue "
        f"stays with its provider. Turns of fewer than {FEWEST} answers are left out."
    )
    titles = ("turn of the dialogue", "% of prompt tokens")
    figure = line_figure(lines, *titles) if lines else None
    if figure is None:
        return Chart("cache-by-turn", "Cache hit rate by turn", NO_CACHED, None)
    figure.update_yaxes(rangemode="tozero")
    table = line_table(lines, *titles)
    return Chart("cache-by-turn", "Cache hit rate by turn", words, figure, table)


def ttft_over_rounds(arms: Sequence[Arm]) -> Chart:
    """The median time to the first token by mechanism, and a high quantile in the run itself."""
    lines = []
    for position, arm in enumerate(arms):
        done = served_chats(arm.path, ["round", "ttft_s"])
        if len(done):
            rounds, seconds = done["round"].to_numpy(), done["ttft_s"].to_numpy()
            found = arm.axis.quantiles(rounds, seconds, (0.5, 0.95))[:, arm.with_demand]
            x = arm.axis.x[arm.with_demand]
            lines.append(Line(f"{arm.label}, median", x, found[0], position))
            if arm is arms[0]:
                lines.append(Line(f"{arm.label}, 95th percentile", x, found[1], position, "dot"))
    return round_chart(
        arms[0],
        "ttft-rounds",
        "Time to first token over rounds",
        "Of the answers to chat requests that came in a round, from submission to the provider to "
        "the first token. Left out: waiting for a match, and the drain."
        if lines
        else NO_ANSWER,
        lines,
        "seconds",
    )


def ttft_distribution(arms: Sequence[Arm]) -> Chart:
    """The empirical distribution function of the time to the first token, by mechanism."""
    samples = []
    lines = []
    for position, arm in enumerate(arms):
        seconds = served_chats(arm.path, ["ttft_s"])["ttft_s"].to_numpy()
        if len(seconds):
            samples.append((arm.label, seconds))
            x, percent = distribution(seconds, MAX_POINTS)
            lines.append(Line(arm.label, x, percent, position, shape="hv"))
    figure = line_figure(lines, "time to first token, s", "% of answers at most that late")
    if figure is None:
        return Chart("ttft", "Time to first token", NO_ANSWER, None)
    figure.update_yaxes(range=[0, 102])
    if all(line.x[0] > 0 for line in lines):
        figure.update_xaxes(type="log", dtick="D2")
    return Chart(
        "ttft",
        "Time to first token",
        "Empirical distribution over all served chat requests, from submission to the provider to "
        "the first token; waiting for a match is not in it.",
        figure,
        quantile_table(samples, "% of answers at most that late", "s"),
    )
