"""Hubs over rounds: the prices that they publish, how full they are, what they turn away."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import pyarrow as pa
import pyarrow.compute as pc

from agents.provider_group import roster
from market.money import usd
from orchestrator.log import read_table
from orchestrator.report.arms import Arm
from orchestrator.report.charts.bars import Bars, bar_table, lying_bar_figure
from orchestrator.report.charts.chart import Chart
from orchestrator.report.charts.codes import Coded, coded
from orchestrator.report.charts.data_table import DataTable, labelled_table
from orchestrator.report.charts.lines import (
    Line,
    distribution,
    line_figure,
    quantile_table,
    round_chart,
)
from orchestrator.report.charts.plot import mark_end_of_demand, styled
from orchestrator.report.round_axis import MAX_POINTS, Floats, RoundAxis

PRICED_SLOTS = 1000

#: Plots have a row for at most so many hubs, those of most arrivals.
MOST_HUBS = 40

NO_CHAT = "No chat request arrived at a hub."


def scarcity(arms: Sequence[Arm]) -> Chart:
    """Mean scarcity price in each hub, a row a hub."""
    arm = arms[0]
    key, title = "scarcity", f"Scarcity price by hub, {arm.label}"
    table, hubs, some = _busiest(arm, ["scarcity_prices_nano"])
    if not len(table):
        return Chart(key, title, NO_CHAT, None)
    price = usd(_row_means(table["scarcity_prices_nano"])) * PRICED_SLOTS
    rounds, count = table["round"].to_numpy(), len(hubs.names)
    rows = arm.axis.totals(rounds, hubs.codes, count, np.ones(len(rounds)))
    shown = RoundAxis.ratio(arm.axis.totals(rounds, hubs.codes, count, price), rows)
    return Chart(
        key,
        title,
        f"USD per {PRICED_SLOTS:,} slots: what one more free slot would have added to the welfare "
        f"of a clearing, mean over the providers of the hub. The darker, the dearer.{some}",
        _heatmap(arm, hubs.names, shown, "USD"),
        _by_hub(hubs.names, shown, f"USD per {PRICED_SLOTS:,} slots"),
    )


def scarcity_by_provider(arms: Sequence[Arm]) -> Chart:
    """How the mean scarcity prices of providers are distributed, by group of providers."""
    arm = arms[0]
    key, title = "scarcity-providers", f"Scarcity price by provider, {arm.label}"
    owners, prices = _provider_prices(arm)
    if not prices.any():
        why = "No hub published a price above zero: no slot of any provider was ever scarce."
        return Chart(key, title, why if owners else NO_CHAT, None)
    groups = [group.name for group in arm.scenario.providers]
    group_of = {name: group.name for name, group in roster(arm.scenario.providers).items()}
    member = np.array([groups.index(group_of[owner]) for owner in owners])
    samples = [
        (group, prices[member == at]) for at, group in enumerate(groups) if (member == at).any()
    ]
    lines = [
        Line(f"{name} ({len(of):,})", *distribution(of, MAX_POINTS), groups.index(name), shape="hv")
        for name, of in samples
    ]
    unit = f"USD per {PRICED_SLOTS:,} slots"
    figure = line_figure(lines, f"mean scarcity price, {unit}", "% of providers")
    if figure is not None:
        figure.update_yaxes(range=[0, 102])
    return Chart(
        key,
        title,
        f"Each provider's scarcity price, mean over all clearings of its hub, in {unit}: the share "
        "of the providers of a group whose price is at most so high. Groups with their number of "
        "providers.",
        figure,
        quantile_table(samples, "% of providers at most that dear", unit),
    )


def _provider_prices(arm: Arm) -> tuple[list[str], Floats]:
    """Every provider of every trial with chat slots, and its mean price, USD per 1,000 slots."""
    table = read_table(arm.path, "hubs", ["trial", "hub", "scarcity_prices_nano"])
    hubs = coded(table["hub"])
    sellers = _sellers(arm, hubs, "provider")
    seller_of = _trial_hub(sellers, hubs)
    order = np.argsort(seller_of, kind="stable")
    lists = table["scarcity_prices_nano"]
    lengths = pc.list_value_length(lists).to_numpy()
    first = np.searchsorted(seller_of[order], _trial_hub(table, hubs))
    before = np.cumsum(lengths) - lengths
    place = np.arange(lengths.sum()) - np.repeat(before, lengths)
    seller = order[np.repeat(first, lengths) + place]
    sums = np.bincount(seller, pc.list_flatten(lists).to_numpy().astype(float), len(sellers))
    times = np.bincount(seller, minlength=len(sellers)).astype(float)
    seen = times > 0
    owners = np.array(sellers["provider"].to_pylist(), dtype=object)[seen].tolist()
    return owners, usd(sums[seen] / times[seen]) * PRICED_SLOTS


def _sellers(arm: Arm, hubs: Coded, column: str) -> pa.Table:
    """Trial, hub and a column of the providers of some hubs, in the order of the log."""
    sellers = read_table(arm.path, "providers", ["trial", "hub", column])
    return sellers.filter(pc.is_in(sellers["hub"], pa.array(hubs.names, pa.string())))


def _trial_hub(table: pa.Table, hubs: Coded) -> npt.NDArray[np.intp]:
    """A number for the trial and the hub of each row."""
    codes = pc.index_in(table["hub"], pa.array(hubs.names, pa.string())).to_numpy()
    numbers: npt.NDArray[np.intp] = table["trial"].to_numpy() * len(hubs.names) + codes
    return numbers


def utilisation(arms: Sequence[Arm]) -> Chart:
    """The share of its slots that a hub has in use, a row a hub."""
    arm = arms[0]
    key, title = "utilisation", f"Slots in use by hub, {arm.label}"
    table, hubs, some = _busiest(arm, ["trial", "free_slots"])
    if not len(table):
        return Chart(key, title, NO_CHAT, None)
    sellers = _sellers(arm, hubs, "chat_slots")
    slots_of = np.bincount(_trial_hub(sellers, hubs), sellers["chat_slots"].to_numpy())
    slots = slots_of[_trial_hub(table, hubs)]
    rounds, count = table["round"].to_numpy(), len(hubs.names)
    free = arm.axis.totals(rounds, hubs.codes, count, table["free_slots"].to_numpy())
    percent = 100 * (1 - RoundAxis.ratio(free, arm.axis.totals(rounds, hubs.codes, count, slots)))
    return Chart(
        key,
        title,
        "% of the chat slots of a hub's providers that are not free after its clearing: with a "
        f"request in flight, or of a provider that offers none just then.{some}",
        _heatmap(arm, hubs.names, percent, "%", 100.0),
        _by_hub(hubs.names, percent, "% of slots"),
    )


def hub_requests(arms: Sequence[Arm]) -> Chart:
    """What became of the requests that were routed to each hub."""
    arm = arms[0]
    key, title = "hub-requests", f"Requests by hub, {arm.label}"
    names = {"awarded": "matched", "refused": "refused"}
    table, hubs, some = _busiest(arm, list(names))
    if not len(table):
        return Chart(key, title, NO_CHAT, None)
    trials = arm.axis.trials
    totals = {
        column: np.bincount(hubs.codes, table[column].to_numpy()).astype(np.float64)
        for column in names
    }
    bars = [
        Bars(word, totals[column] / trials, position)
        for position, (column, word) in enumerate(names.items())
    ]
    each = " a trial" if trials > 1 else ""
    return Chart(
        key,
        title,
        f"Chat requests{each} over the whole log: matched to a provider by the hub, or refused: "
        f"unmatched until patience was out, or turned away.{some}",
        lying_bar_figure(hubs.names, bars, (f"requests{each}", "hub")),
        bar_table("hub", hubs.names, bars, f"requests{each}"),
    )


def load(arms: Sequence[Arm]) -> Chart:
    """Requests that arrive, are being served and wait at the end of a round, and are refused."""
    arm = arms[0]
    table = read_table(
        arm.path, "rounds", ["trial", "round", "arrived", "awarded", "refused", "inflight"]
    ).sort_by([("trial", "ascending"), ("round", "ascending")])
    rounds = table["round"].to_numpy()
    series = {
        "in flight": table["inflight"].to_numpy(),
        "waiting for a match": _waiting(table),
        "refused in the round": table["refused"].to_numpy(),
        "arrived in the round": table["arrived"].to_numpy(),
    }
    some = bool(pc.sum(table["arrived"]).as_py())
    lines = [
        Line(name, arm.axis.x, arm.axis.mean(rounds, values), position, dash)
        for position, ((name, values), dash) in enumerate(
            zip(series.items(), ("solid", "dash", "dot", "dashdot"), strict=True)
        )
        if some
    ]
    return round_chart(
        arm,
        "load",
        f"Load, {arm.label}",
        "Chat requests at the end of each round: with a provider, or unmatched and waiting for the "
        "next clearing; and those that arrived or were given up in it."
        if some
        else NO_CHAT,
        lines,
        "requests",
    )


def _waiting(rounds: pa.Table) -> npt.NDArray[np.int64]:
    """Arrived, less awarded and refused, since the first round of the trial."""
    trial = rounds["trial"].to_numpy()
    left = pc.subtract(pc.subtract(rounds["arrived"], rounds["awarded"]), rounds["refused"])
    change = left.to_numpy()
    ever = np.cumsum(change)
    _, first, which = np.unique(trial, return_index=True, return_inverse=True)
    waiting: npt.NDArray[np.int64] = ever - (ever - change)[first][which]
    return waiting


def _busiest(arm: Arm, columns: list[str]) -> tuple[pa.Table, Coded, str]:
    """Rows of the hubs of most arrivals, which hub each is of, and a word if some are left out."""
    table = read_table(arm.path, "hubs", ["round", "hub", "arrived", *columns])
    if not pc.sum(table["arrived"]).as_py():
        return table.slice(0, 0), Coded([], np.zeros(0, dtype=np.intp)), ""
    hubs = coded(table["hub"])
    if len(hubs.names) <= MOST_HUBS:
        return table, hubs, ""
    arrived = np.bincount(hubs.codes, table["arrived"].to_numpy().astype(float))
    busiest = np.sort(np.argsort(-arrived, kind="stable")[:MOST_HUBS])
    table = table.filter(pa.array(np.isin(hubs.codes, busiest)))
    some = f" Of {len(hubs.names):,} hubs, the {MOST_HUBS} of most arrivals."
    return table, coded(table["hub"]), some


def _heatmap(
    arm: Arm, hubs: Sequence[str], z: Floats, unit: str, highest: float | None = None
) -> go.Figure:
    figure = styled("round", "hub", height=max(370, 110 + 16 * len(hubs)))
    figure.add_heatmap(
        x=arm.axis.x,
        y=[escape(name) for name in hubs],
        z=z,
        zmin=0,
        zmax=highest,
        colorscale="Blues",
        colorbar={"thickness": 12, "title": {"text": unit, "side": "top"}},
        hovertemplate=f"round %{{x}}, %{{y}}<br>%{{z:.4~g}} {unit}<extra></extra>",
    )
    figure.update_yaxes(type="category", autorange="reversed")
    mark_end_of_demand(figure, arm)
    return figure


def _by_hub(hubs: Sequence[str], z: Floats, unit: str) -> DataTable:
    heads = ("hub", *(f"{what} over rounds ({unit})" for what in ("mean", "lowest", "highest")))
    columns = [np.nanmean(z, axis=1), np.nanmin(z, axis=1), np.nanmax(z, axis=1)]
    return labelled_table(heads, hubs, columns)


def _row_means(lists: pa.ChunkedArray) -> Floats:
    """The mean of every list, 0 for an empty one."""
    lengths = pc.list_value_length(lists).to_numpy()
    row = np.repeat(np.arange(len(lengths)), lengths)
    sums = np.bincount(row, weights=pc.list_flatten(lists).to_numpy(), minlength=len(lengths))
    means: Floats = sums / np.maximum(lengths, 1)
    return means
