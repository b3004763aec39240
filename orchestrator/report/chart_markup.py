"""A chart as HTML: its words, the plot under a name that is read aloud, its figures in a table."""

from __future__ import annotations

import re
from collections.abc import Iterable

import plotly.graph_objects as go
from plotly.io import to_html

from orchestrator.report.charts import Chart
from orchestrator.report.markup import Row, details, element, table, text

PLOT_CONFIG = {
    "responsive": True,
    "displaylogo": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}

#: A plot's name tells of so many of its lines.
MOST_NAMED = 6


def chart_figure(chart: Chart) -> str:
    """The chart under a heading; where it has no plot, its words alone."""
    title, caption = element("h3", text(chart.title)), text(chart.caption)
    if chart.figure is None:
        none = element("p", "Nothing to show in this log. ", caption)
        return element("div", title, none, class_="empty", id=chart.key)
    plot = to_html(
        chart.figure,
        config=PLOT_CONFIG,
        include_plotlyjs=False,
        full_html=False,
        div_id=f"plot-{chart.key}",
    )
    return element(
        "figure",
        title,
        element("figcaption", caption),
        element("div", plot, class_="plot", role="img", aria_label=spoken(chart, chart.figure)),
        _figures(chart),
        id=chart.key,
        aria_label=chart.title,
    )


def spoken(chart: Chart, figure: go.Figure) -> str:
    """The chart in one sentence, for who does not see it."""
    axes = [_plain(axis.title.text) for axis in (figure.layout.yaxis, figure.layout.xaxis)]
    across = " against ".join(axis for axis in axes if axis)
    shown = list(dict.fromkeys(_names(figure)))
    more = f" and {len(shown) - MOST_NAMED} more" if len(shown) > MOST_NAMED else ""
    lines = f", for {', '.join(shown[:MOST_NAMED])}{more}" if shown else ""
    below = "; the figures are in the table below" if chart.table is not None else ""
    return f"Plot of {chart.title}{f': {across}' if across else ''}{lines}{below}."


def _names(figure: go.Figure) -> Iterable[str]:
    return (_plain(trace.name) for trace in figure.data if trace.name)


def _plain(words: str | None) -> str:
    """Words of a plot without the markup that plotly reads in them."""
    return re.sub(r"<[^>]*>", " ", words or "").strip()


def _figures(chart: Chart) -> str:
    """The table, folded away."""
    if chart.table is None or not chart.table.rows:
        return ""
    rows = (Row(row[0], row[1:]) for row in chart.table.rows)
    shown = table(f"Figures of “{chart.title}”", chart.table.heads, rows)
    return details(f"Table: {chart.title}", shown)
