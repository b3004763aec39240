"""The figures at the top of the page: the first run's in large, then those of all runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.analysis.summary import RunSummary
from orchestrator.analysis.summary_rows import summary_rows
from orchestrator.report.arms import Arm
from orchestrator.report.figure_text import NONE, figure_text
from orchestrator.report.markup import Row, element, paragraph, table, text

WORDS = (
    "Chat requests first, workflows last. Welfare is value less cost: realised at the true values "
    "and costs of what was served, predicted at the reports and bids of what was matched. An "
    "answer at a loss cost its client more than it was worth to it, or its provider more than it "
    "was paid. By the predictions, a match at a loss costs its client more than it is worth to it, "
    "and in a clearing at a loss clients pay less than providers receive."
)


def summary_table(arms: Sequence[Arm], runs: Sequence[RunSummary]) -> str:
    """The run beside those that it is compared with."""
    rows = [
        Row(label.strip(), figures, "sub" if label.startswith(" ") else "")
        for label, figures in summary_rows(runs)
    ]
    if not rows:
        return paragraph("Nothing has ended in the log, so there is nothing to add up.")
    heads = ["", *(arm.head for arm in arms)]
    return paragraph(WORDS) + table("Totals of each run", heads, rows)


def key_figures(arm: Arm, run: RunSummary) -> str:
    """A few large figures of one run; nothing where nothing has ended."""
    shown = [
        element(
            "div",
            element("dt", text(name)),
            element("dd", text(value), element("span", text(unit), class_="unit")),
        )
        for name, value, unit in _figures(run)
        if value != NONE
    ]
    if not shown:
        return ""
    return paragraph(f"Key figures of {arm.label}", "tiles-of") + element(
        "dl", *shown, class_="tiles"
    )


def _figures(run: RunSummary) -> Iterator[tuple[str, str, str]]:
    chat, workflows = run.chat, run.workflows
    if chat.asked:
        yield "Chat welfare", figure_text(chat.realized_welfare_usd), "USD"
        share = figure_text(chat.served / chat.asked, "share")
        yield "Served", share, f"% of {chat.asked:,} requests"
    if chat.served:
        yield "Cache hit rate", figure_text(chat.hit_rate, "share"), "% of prompt tokens"
        yield "Time to first token", figure_text(chat.ttft_mean_s), "s, mean"
    if workflows.asked:
        yield "Workflows served", f"{workflows.served:,}", f"of {workflows.asked:,}"
    if workflows.served:
        yield (
            "Paid for workflows",
            figure_text(workflows.paid_usd),
            f"USD; true cost {figure_text(workflows.true_cost_usd)}",
        )
