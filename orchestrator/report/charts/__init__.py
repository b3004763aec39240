"""The charts of a report, in the order of the page."""

from __future__ import annotations

from orchestrator.report.charts.chart import Chart, Section
from orchestrator.report.charts.data_table import DataTable
from orchestrator.report.charts.faults import faults
from orchestrator.report.charts.hubs import (
    hub_requests,
    load,
    scarcity,
    scarcity_by_provider,
    utilisation,
)
from orchestrator.report.charts.money import money, surplus
from orchestrator.report.charts.prediction import (
    expected_output,
    expected_ttft,
    prediction_error,
)
from orchestrator.report.charts.service import (
    cache,
    cache_by_turn,
    endings,
    ttft_distribution,
    ttft_over_rounds,
)
from orchestrator.report.charts.utility import client_utility, provider_utility
from orchestrator.report.charts.welfare import cumulative_welfare, welfare
from orchestrator.report.charts.workflow_graph import workflow_graph
from orchestrator.report.charts.workflow_payments import payment_parts, workflow_payments

#: The first of the arms that a chart is given is the run itself.
ALL: tuple[Section, ...] = (
    Section("Welfare", (welfare, cumulative_welfare)),
    Section("Money", (money, surplus, provider_utility, client_utility)),
    Section("Service", (endings, load, cache, cache_by_turn, ttft_over_rounds, ttft_distribution)),
    Section("Hubs", (scarcity, scarcity_by_provider, utilisation, hub_requests)),
    Section("Prediction", (prediction_error, expected_ttft, expected_output)),
    Section("Workflows", (workflow_payments, payment_parts, workflow_graph)),
    Section("Faults", (faults,)),
)

__all__ = ["ALL", "Chart", "DataTable", "Section"]
