"""The market metrics of every run, on average over its trials."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from orchestrator.analysis.metrics import METRICS
from orchestrator.report.arms import Arm
from orchestrator.report.comparison import ByTrial
from orchestrator.report.figure_text import figure_text, row_head
from orchestrator.report.markup import Row, details, pairs, paragraph, table


def market_table(arms: Sequence[Arm], by_trial: Sequence[ByTrial]) -> str:
    """What is known of any run, a row a metric; below it what each metric means."""
    rows, meanings = [], []
    for name, metric in METRICS.items():
        means = [_mean(figures, name) for figures in by_trial]
        if np.isnan(means).all():
            continue
        rows.append(Row(row_head(metric), [figure_text(mean, metric.unit) for mean in means]))
        meanings.append((metric.label, _sentence(metric.meaning)))
    if not rows:
        return paragraph("The log has nothing yet to measure.")
    left = len(METRICS) - len(rows)
    without = f" {left} more are not defined in any run here." if left else ""
    trials = max(len(figures) for figures in by_trial)
    over = (
        f"Means over the trials that have them, of {trials:,}."
        if trials > 1
        else "Figures of one trial."
    )
    return (
        paragraph(over + without)
        + table("Market metrics of each run", ["", *(arm.head for arm in arms)], rows)
        + details("What each metric means", pairs(meanings))
    )


def _mean(figures: ByTrial, name: str) -> float:
    """Over the trials where the metric is defined; NaN where it is in none."""
    values = np.array([trial[name] for trial in figures.values()], dtype=np.float64)
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
