"""The table of all metrics, as ``docs/metrics.md`` has it."""

from __future__ import annotations

from orchestrator.analysis.metrics.market_metrics import METRICS


def metrics_table() -> str:
    """Name, unit, which way is better, and meaning, in Markdown."""
    head = ["| metric | unit | better | meaning |", "| --- | --- | --- | --- |"]
    rows = [
        f"| `{name}` | {metric.unit} | {metric.better or ''} | {metric.meaning} |"
        for name, metric in METRICS.items()
    ]
    return "\n".join([*head, *rows])
