"""The page: header, summary, comparison, charts, checks, scenario; it needs no network."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from plotly.offline import get_plotlyjs

from market.errors import BadInput
from orchestrator.analysis.metrics import market_metrics
from orchestrator.analysis.summary import summarize
from orchestrator.report.arms import Arm, read_arms, read_runs
from orchestrator.report.chart_markup import chart_figure
from orchestrator.report.charts import ALL, Section
from orchestrator.report.checks import Checked, check
from orchestrator.report.checks_section import checks_section
from orchestrator.report.comparison_section import comparison_section
from orchestrator.report.header import header, page_title, scenario_details
from orchestrator.report.market_table import market_table
from orchestrator.report.markup import element, paragraph, text
from orchestrator.report.style import CSS
from orchestrator.report.summary_table import key_figures, summary_table

#: The browser itself holds the page to it: nothing is fetched from anywhere.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)

#: By this a page of ours is known again; it stands within the first characters.
MADE_BY = '<meta name="generator" content="walras report">'
_KNOWN_WITHIN = 1000

#: Says what is done now.
Told = Callable[[str], None]


@dataclass(frozen=True)
class Part:
    """A section of the page: what names it, its heading, and its content as HTML."""

    key: str
    title: str
    content: str


def write_report(
    runs: Sequence[Path],
    out: Path,
    *,
    title: str | None = None,
    checks: bool = True,
    told: Told = lambda what: None,
) -> Path:
    """Write the page about some runs to ``out``, and say where it is.

    Args:
        runs: directories; one stands beside the runs below it, several beside each other.
        out: the file; a page of ours that is there is replaced.
        title: the heading [default: the names of the scenarios].
        checks: whether logs are verified, and the largest clearings audited.
        told: hears what is done now.

    Raises:
        BadInput: a directory holds no run of ours, or ``out`` cannot be written or is not ours.
    """
    several = len(runs) > 1
    arms = read_runs(runs) if several else read_arms(runs[0])
    _check_place(out)
    checked = check(arms, told) if checks else None
    page = render(arms, title or page_title(arms), checked, several=several, told=told)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise BadInput(str(out), f"cannot be written: {error.strerror}") from None
    return out


def _check_place(out: Path) -> None:
    """Raise ``BadInput`` where a file is that no report wrote."""
    try:
        if not out.is_file():
            return
        with out.open(encoding="utf-8", errors="replace") as file:
            ours = MADE_BY in file.read(_KNOWN_WITHIN)
    except OSError as error:
        raise BadInput(str(out), f"cannot be read: {error.strerror}") from None
    if not ours:
        raise BadInput(str(out), "is there already, and is no page of walras report")


def render(
    arms: Sequence[Arm], title: str, checked: Sequence[Checked] | None, *, several: bool, told: Told
) -> str:
    """The page about some runs, the first of which the others are compared with."""
    head = element(
        "head",
        '<meta charset="utf-8">',
        MADE_BY,
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        element("title", text(f"{title} - Walras")),
        element("style", CSS),
        element("script", get_plotlyjs()),
    )
    parts = list(_parts(arms, checked, told))
    body = element(
        "body",
        element("a", "Skip to the figures", href="#main", class_="skip"),
        header(arms, title, several=several),
        element("div", _contents(parts), _main(parts), class_="columns"),
        element("footer", paragraph("Made by walras report from the logs alone; opens offline.")),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _contents(parts: Sequence[Part]) -> str:
    links = (element("li", element("a", text(p.title), href=f"#{p.key}")) for p in parts)
    return element("nav", element("ul", *links), aria_label="Contents")


def _main(parts: Sequence[Part]) -> str:
    sections = (
        element(
            "section",
            element("h2", text(part.title), id=f"{part.key}-title"),
            part.content,
            id=part.key,
            aria_labelledby=f"{part.key}-title",
        )
        for part in parts
    )
    script = element("noscript", element("p", "The charts need JavaScript.", class_="notice"))
    return element("main", script, *sections, id="main")


def _parts(arms: Sequence[Arm], checked: Sequence[Checked] | None, told: Told) -> Iterator[Part]:
    told("summary")
    totals = [summarize(arm.path) for arm in arms]
    told("market metrics")
    by_trial = [market_metrics(arm.path) for arm in arms]
    summary = key_figures(arms[0], totals[0]) + summary_table(arms, totals)
    yield Part("summary", "Summary", summary)
    if len(arms) > 1:
        told("comparison")
        yield Part("comparison", "Comparison", comparison_section(arms, by_trial))
    yield Part("metrics", "Market metrics", market_table(arms, by_trial))
    for section in ALL:
        told(f"charts, {section.title.lower()}")
        yield _charts(section, arms)
    yield Part("checks", "Invariants and audit", checks_section(arms, checked))
    yield Part("scenario", "Scenario", scenario_details(arms[0]))


def _charts(section: Section, arms: Sequence[Arm]) -> Part:
    """Charts side by side; those without a plot come last."""
    charts = sorted((make(arms) for make in section.charts), key=lambda one: one.figure is None)
    words = "".join(map(paragraph, _averaging(arms[0])))
    shown = "".join(map(chart_figure, charts))
    key = re.sub(r"[^a-z0-9]+", "-", section.title.lower()).strip("-")
    return Part(f"charts-{key}", section.title, words + element("div", shown, class_="charts"))


def _averaging(run: Arm) -> Iterator[str]:
    trials, width = run.scenario.trials, run.axis.width
    over = [f"the {trials:,} trials"] if trials > 1 else []
    over += [f"{width:,} rounds at a time"] if width > 1 else []
    if over:
        yield f"Lines over rounds are means over {' and over '.join(over)}."
