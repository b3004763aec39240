"""The summary, one column a mechanism."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.analysis.summary import summarize
from orchestrator.analysis.summary_rows import summary_rows
from orchestrator.report.arms import Arm
from orchestrator.report.markup import element, table_row, text

WORDS = (
    "Chat requests first, workflows last. Welfare is value less cost: realised at the true values "
    "and costs of what was served, predicted at the reports and bids of what was matched. An "
    "answer at a loss cost its client more than it was worth to it, or its provider more than it "
    "was paid. By the predictions, a match at a loss costs its client more than it is worth to it, "
    "and in a clearing at a loss clients pay less than providers receive."
)


def summary_table(arms: Sequence[Arm]) -> str:
    """The run beside those that it is compared with."""
    runs = [summarize(arm.path) for arm in arms]
    heads = [arm.mechanism if arm.complete else f"{arm.mechanism} ({arm.status})" for arm in arms]
    rows = [
        table_row(label.strip(), figures, "sub" if label.startswith(" ") else "")
        for label, figures in summary_rows(runs)
    ]
    columns = [element("th", text(head), scope="col") for head in heads]
    table = element(
        "table",
        element("thead", element("tr", element("td"), *columns)),
        element("tbody", *rows),
    )
    return element("p", text(WORDS), class_="words") + element("div", table, class_="scroll")
