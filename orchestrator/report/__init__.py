"""One HTML page about a run; it opens offline."""

from orchestrator.report.page import write_report

__all__ = ["write_report"]
