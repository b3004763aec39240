"""What providers and clients gained, by how they bid or report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa
import pyarrow.compute as pc
from plotly.basedatatypes import BaseTraceType

from agents.client import ClientParams
from agents.params import Params
from agents.provider_group import ProviderGroup, roster
from market.money import usd
from orchestrator.analysis.served_work import served_work
from orchestrator.log import read_table
from orchestrator.report.arms import Arm
from orchestrator.report.charts.chart import Chart
from orchestrator.report.charts.codes import coded
from orchestrator.report.charts.data_table import DataTable, labelled_table
from orchestrator.report.charts.matches import KEY, served_chats, settled_chats
from orchestrator.report.charts.plot import AXIS, colour, styled, symbol
from orchestrator.report.round_axis import Floats
from orchestrator.scenario.model import Scenario

#: A row of a plot has at most so many points, those of evenly spaced ranks.
MOST_POINTS = 100

#: Steps of the golden ratio spread points evenly across a row, however many there are.
GOLDEN = (np.sqrt(5) - 1) / 2

WHISKERS = (
    "The box has the middle half and the median, the whiskers the middle 90 %, and the large mark "
    "is the mean"
)


@dataclass(frozen=True)
class Row:
    """Those who share a strategy, and a group where there are several.

    Attributes:
        group: of providers; nothing for clients.
        strategy: its name.
        position: of the strategy, which gives colour and mark.
        utility_usd: of each of them in each trial, shape (n,).
    """

    group: str
    strategy: str
    position: int
    utility_usd: Floats


def provider_utility(arms: Sequence[Arm]) -> Chart:
    """Utility of each provider over a trial, by strategy and group."""
    arm = arms[0]
    key, title = "provider-utility", f"Provider utility by strategy, {arm.label}"
    gains = _by_participant("provider", _provider_gains(arm))
    if not len(gains):
        return Chart(key, title, "The log has no settled request or workflow.", None)
    groups = roster(arm.scenario.providers)
    names = pc.unique(gains["provider"]).to_pylist()
    words = _words({name: groups[name].strategy_of(name) for name in names})
    order = [group.name for group in arm.scenario.providers]
    label_of = {name: (order.index(groups[name].name), words[name]) for name in names}
    rows = _rows(arm, gains, "provider", label_of)
    return Chart(
        key,
        title,
        "A point is a provider over a trial: what it received for chat requests and workflows that "
        "were served, less their true cost, less its fixed costs. By group of providers and "
        f"strategy; each group has an axis of its own. {WHISKERS}.",
        _strip_figure(rows, "USD per provider and trial"),
        _spread_table(rows, "group and strategy", "providers"),
    )


def client_utility(arms: Sequence[Arm]) -> Chart:
    """Utility of each client over a trial, by strategy."""
    arm = arms[0]
    key, title = "client-utility", f"Client utility by strategy, {arm.label}"
    gains = _by_participant("client", _client_gains(arm))
    if not len(gains):
        return Chart(key, title, "The log has no settled chat request.", None)
    clients = arm.scenario.clients
    names = pc.unique(gains["client"]).to_pylist()
    words = _words({name: clients.strategy_of(name) for name in names})
    rows = _rows(arm, gains, "client", {name: (0, words[name]) for name in names})
    return Chart(
        key,
        title,
        "A point is a client over a trial: the true value of its answers less what it paid for "
        "them. Clients without an answer are left out, and workflows, whose value is not in the "
        f"log. By how clients report. {WHISKERS}.",
        _strip_figure(rows, "USD per client and trial"),
        _spread_table(rows, "strategy", "clients"),
    )


def _provider_gains(arm: Arm) -> list[pa.Table]:
    """Rows of trial, provider and nano-USD gained, also of those who gained nothing."""
    received = settled_chats(arm.path, ["trial", "provider", "provider_received_nano"])
    spent = served_chats(arm.path, ["trial", "provider", "realized_cost_nano"])
    work = served_work(arm.path)
    profit = pc.subtract(pc.cast(work["client_paid_nano"], pa.float64()), work["done_cost_nano"])
    if not len(received) + len(work):
        return []
    fixed = read_table(arm.path, "bids", ["trial", "provider", "fixed_cost_nano"])
    fixed = fixed.filter(pc.field("fixed_cost_nano") != 0)
    everyone = read_table(arm.path, "providers", ["trial", "provider"])
    return [
        received,
        _negative(spent),
        work.select(["trial", "provider"]).append_column("profit", profit),
        _negative(fixed),
        everyone.append_column("nothing", pa.array(np.zeros(len(everyone)))),
    ]


def _client_gains(arm: Arm) -> list[pa.Table]:
    """Rows of trial, client and nano-USD gained."""
    paid = settled_chats(arm.path, [*KEY, "client", "client_paid_nano"])
    worth = served_chats(arm.path, [*KEY, "realized_value_nano"])
    both = paid.join(worth, KEY, join_type="inner")
    gain = pc.subtract(both["realized_value_nano"], both["client_paid_nano"])
    return [both.select(["trial", "client"]).append_column("gain", gain)]


def _negative(table: pa.Table) -> pa.Table:
    return table.set_column(2, "spent", pc.negate(table.column(2)))


def _by_participant(who: str, gains: Sequence[pa.Table]) -> pa.Table:
    """One row a trial and participant, sorted, with its ``nano_sum``.

    Added up in one order: what workflows cost is no whole number.
    """
    schema = pa.schema([("trial", pa.int64()), (who, pa.string()), ("nano", pa.float64())])
    named = [table.rename_columns(schema.names).cast(schema) for table in gains]
    together = pa.concat_tables([schema.empty_table(), *named])
    sums = together.group_by(["trial", who], use_threads=False).aggregate([("nano", "sum")])
    return sums.sort_by([("trial", "ascending"), (who, "ascending")])


def _words(strategies: Mapping[str, Params]) -> dict[str, str]:
    """What each participant's strategy is called."""
    different = {id(strategy): strategy for strategy in strategies.values()}
    words = {key: _word(strategy) for key, strategy in different.items()}
    return {name: words[id(strategy)] for name, strategy in strategies.items()}


def _word(strategy: Params) -> str:
    """Its kind, and what is set of it."""
    told = strategy.model_dump(exclude_defaults=True)
    shown = ", ".join(f"{key} {value}" for key, value in told.items() if key != "kind")
    kind = str(strategy.model_dump()["kind"])
    return f"{kind} ({shown})" if shown else kind


def _positions(scenario: Scenario) -> dict[str, int]:
    """A position for each strategy of either side, the truth first, the same in every chart."""
    sides: list[ProviderGroup | ClientParams] = [*scenario.providers, scenario.clients]
    found = [side.strategy for side in sides] + [s.panel.strategy for s in sides if s.panel]
    words = sorted({_word(strategy) for strategy in found}, key=lambda w: (w != "truthful", w))
    return {word: at for at, word in enumerate(words)}


def _rows(
    arm: Arm, gains: pa.Table, who: str, label_of: Mapping[str, tuple[int, str]]
) -> list[Row]:
    """The utilities by group and strategy, in the order of groups."""
    groups = [group.name for group in arm.scenario.providers] if who == "provider" else [""]
    position = _positions(arm.scenario)
    encoded = coded(gains[who])
    labels = [label_of[name] for name in encoded.names]
    kinds = sorted(set(labels))
    code = np.array([kinds.index(label) for label in labels])[encoded.codes]
    utility = usd(gains["nano_sum"].to_numpy())
    return [
        Row(groups[group], strategy, position[strategy], np.sort(utility[code == at]))
        for at, (group, strategy) in enumerate(kinds)
    ]


def _strip_figure(rows: Sequence[Row], x_title: str) -> go.Figure:
    """A panel for each group, which has an axis of its own: groups differ in size."""
    groups = list(dict.fromkeys(row.group for row in rows))
    panels = [[row for row in rows if row.group == group] for group in groups]
    sizes = [len(panel) for panel in panels]
    height = 60 * len(panels) + 52 * len(rows)
    figure = styled("", "", height=height + 60)
    figure.set_subplots(
        rows=len(panels), row_heights=sizes, vertical_spacing=60 / height,
        subplot_titles=[escape(group) for group in groups],
    )  # fmt: skip
    figure.update_annotations(x=0, xanchor="left", font={"size": 13})
    for at, panel in enumerate(panels, 1):
        for place, row in enumerate(panel):
            for trace in _marks(row, place):
                figure.add_trace(trace, row=at, col=1)
        labels = [f"{escape(row.strategy)} ({len(row.utility_usd):,})" for row in panel]
        figure.update_yaxes(
            row=at, tickvals=list(range(len(panel))), ticktext=labels,
            range=[len(panel) - 0.4, -0.6], showgrid=False, zeroline=False, automargin=True,
        )  # fmt: skip
    figure.update_layout(showlegend=False)
    figure.update_xaxes(**AXIS, exponentformat="none", hoverformat=".4~g", nticks=6)
    return figure.update_xaxes(row=len(panels), title={"text": x_title, "standoff": 8})


def _marks(row: Row, place: int) -> list[BaseTraceType]:
    """A box, some of its points, and the mean."""
    low, q1, median, q3, high = np.quantile(row.utility_usd, (0.05, 0.25, 0.5, 0.75, 0.95))
    count = len(row.utility_usd)
    ranks = np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).astype(np.intp))
    spread = (np.arange(len(ranks)) * GOLDEN % 1 - 0.5) * 0.4
    own = colour(row.position)
    mean = {"size": 12, "symbol": symbol(row.position), "line": {"color": "#fff", "width": 1.5}}
    return [
        go.Box(
            y=[place], lowerfence=[low], q1=[q1], median=[median], q3=[q3], upperfence=[high],
            orientation="h", width=0.5, line={"color": own, "width": 1.5},
            fillcolor="rgba(0,0,0,0.04)", hoverinfo="x",
        ),
        go.Scatter(
            x=row.utility_usd[ranks], y=place + spread, mode="markers", hoverinfo="x",
            marker={"color": own, "size": 4, "opacity": 0.7},
        ),
        go.Scatter(
            x=[row.utility_usd.mean()], y=[place], mode="markers", hoverinfo="x",
            marker={"color": own, **mean},
        ),
    ]  # fmt: skip


def _spread_table(rows: Sequence[Row], head: str, who: str) -> DataTable:
    shares = {"5 %": 0.05, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "95 %": 0.95}
    samples = [row.utility_usd for row in rows]
    columns = [
        np.array([len(sample) for sample in samples], dtype=float),
        np.array([sample.mean() for sample in samples]),
        np.array([sample.std() for sample in samples]),
        *np.array([np.quantile(sample, list(shares.values())) for sample in samples]).T,
    ]
    usd_heads = [f"{name} (USD)" for name in ("mean", "standard deviation", *shares)]
    labels = [", ".join(filter(None, (row.group, row.strategy))) for row in rows]
    return labelled_table((head, f"{who} x trials", *usd_heads), labels, columns)
