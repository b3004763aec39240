"""Figures of a market that experiments compare, by trial; ``METRICS`` says what each means."""

from orchestrator.analysis.metrics.market_metrics import METRICS, market_metrics
from orchestrator.analysis.metrics.metric import Metric

__all__ = ["METRICS", "Metric", "market_metrics"]
