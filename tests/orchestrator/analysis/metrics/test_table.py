from __future__ import annotations

from pathlib import Path

from benchmarks.page import blocks_of
from orchestrator.analysis.metrics import METRICS
from orchestrator.analysis.metrics.table import metrics_table
from orchestrator.reading.text_file import read_text

PAGE = Path(__file__).parents[4] / "docs" / "metrics.md"


def test_the_page_has_the_table_of_now() -> None:
    # printed by python -m orchestrator.analysis.metrics
    assert blocks_of(read_text(PAGE)) == {"metrics": metrics_table()}


def test_every_metric_is_told_apart_on_a_table_and_says_what_it_is() -> None:
    labels = [metric.label for metric in METRICS.values()]
    assert len(set(labels)) == len(labels)
    assert all(metric.better in ("higher", "lower", None) for metric in METRICS.values())
    assert not any(
        "|" in metric.meaning or metric.meaning.endswith(".") for metric in METRICS.values()
    )
    assert all(name.endswith("_usd") == (metric.unit == "USD") for name, metric in METRICS.items())
