"""The page: header, summary, charts, scenario, in one file that opens without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from plotly.io import to_html
from plotly.offline import get_plotlyjs

from market.errors import BadInput
from orchestrator.report.arms import Arm, read_arms
from orchestrator.report.chart import Chart
from orchestrator.report.chat_charts import cache, load, money, welfare
from orchestrator.report.header import header, scenario_details
from orchestrator.report.markup import element, text
from orchestrator.report.prediction_charts import (
    expected_output,
    expected_ttft,
    prediction_error,
    ttft_distribution,
)
from orchestrator.report.scarcity_chart import scarcity
from orchestrator.report.style import CSS
from orchestrator.report.summary_table import summary_table
from orchestrator.report.workflow_chart import workflow_payments

#: The charts in the order of the page; the first of the arms is the run itself.
CHARTS: tuple[Callable[[Sequence[Arm]], Chart], ...] = (
    welfare,
    money,
    cache,
    ttft_distribution,
    scarcity,
    load,
    prediction_error,
    workflow_payments,
    expected_ttft,
    expected_output,
)

#: The browser itself holds the page to it: nothing is fetched from anywhere.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)
PLOT_CONFIG = {
    "responsive": True,
    "displaylogo": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}


def write_report(run: Path, out: Path) -> Path:
    """Write the page about the run in a directory to ``out``, and say where it is.

    Raises:
        BadInput: the directory holds no run of ours, or ``out`` cannot be written.
    """
    page = render(read_arms(run))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise BadInput(str(out), f"cannot be written: {error.strerror}") from None
    return out


def render(arms: Sequence[Arm]) -> str:
    """The page about a run and those beside it."""
    head = element(
        "head",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        element("title", text(f"{arms[0].description.name} - Walras")),
        element("style", CSS),
        element("script", get_plotlyjs()),
    )
    body = element(
        "body",
        header(arms),
        element("main", *_sections(arms), scenario_details(arms[0])),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _sections(arms: Sequence[Arm]) -> list[str]:
    charts = [_chart(make(arms)) for make in CHARTS]
    return [
        element("section", element("h2", "Summary"), summary_table(arms), id="summary"),
        element(
            "section",
            element("h2", "Charts"),
            *(element("p", text(words), class_="words") for words in _averaging(arms[0])),
            element("noscript", element("p", "The charts need JavaScript.", class_="notice")),
            element("div", *charts, class_="charts"),
            id="charts",
        ),
    ]


def _averaging(run: Arm) -> Iterator[str]:
    trials, width = run.scenario.trials, run.axis.width
    over = [f"the {trials:,} trials"] if trials > 1 else []
    over += [f"{width:,} rounds at a time"] if width > 1 else []
    if over:
        yield f"Lines over rounds are means over {' and over '.join(over)}."


def _chart(chart: Chart) -> str:
    if chart.figure is None:
        plot = element("p", "The log has nothing to show here.", class_="empty")
    else:
        plot = to_html(
            chart.figure,
            config=PLOT_CONFIG,
            include_plotlyjs=False,
            full_html=False,
            div_id=f"plot-{chart.key}",
        )
    return element(
        "figure",
        element("h3", text(chart.title)),
        element("figcaption", text(chart.caption)),
        plot,
        id=chart.key,
    )
