"""The summary, one column a mechanism."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.report.arms import Arm
from orchestrator.report.markup import element, table_row, text
from orchestrator.summary import summarize
from orchestrator.summary_rows import SUMMARY_ROWS


def summary_table(arms: Sequence[Arm]) -> str:
    """The run beside those that it is compared with."""
    runs = [summarize(arm.path) for arm in arms]
    heads = [arm.mechanism if arm.complete else f"{arm.mechanism} ({arm.status})" for arm in arms]
    rows = [
        table_row(label.strip(), map(show, runs), "sub" if label.startswith(" ") else "")
        for label, show in SUMMARY_ROWS
    ]
    columns = [element("th", text(head), scope="col") for head in heads]
    return element(
        "div",
        element(
            "table",
            element("thead", element("tr", element("td"), *columns)),
            element("tbody", *rows),
        ),
        class_="scroll",
    )
