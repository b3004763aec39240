"""What chat cost beyond its true cost, and who had the difference.

Spent is what clients paid and, where hubs kept less than nothing over a trial, what hubs added:
the larger of what clients paid and what providers received. Over the true cost C of what was served

    spent / C - 1 = (received - C) / C + (what hubs kept, if above 0) / C.
"""

from __future__ import annotations

import numpy as np

from orchestrator.analysis.columns import where
from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.analysis.metrics.metric import Family, Measured, Metric, over
from orchestrator.analysis.served_chat import served_chat

METRICS = {
    "chat_overpayment": Metric(
        "chat overpayment",
        "ratio",
        "lower",
        "what clients paid, and hubs added in deficit, over the true cost of what was served, less "
        "1; chat_provider_rent + chat_hub_rent",
    ),
    "chat_provider_rent": Metric(
        "chat overpayment, to providers",
        "ratio",
        None,
        "what providers received less what serving truly cost, over the latter",
    ),
    "chat_hub_rent": Metric(
        "chat overpayment, to hubs",
        "ratio",
        None,
        "what hubs kept over the true cost of what was served; 0 where they ran a deficit",
    ),
    "chat_client_rent": Metric(
        "client surplus over chat cost",
        "ratio",
        "higher",
        "true value of the answers less what clients paid, over the true cost of what was served",
    ),
}


def measure(run: LoggedRun) -> Measured:
    """All of them, of every trial in which chat was served."""
    served = served_chat(run.path)
    measured = {}
    for trial in np.unique(served["trial"]).tolist():
        own = where(served, served["trial"] == trial)
        cost, value, paid, received = (
            int(own[name].sum())
            for name in (
                "realized_cost_nano",
                "realized_value_nano",
                "client_paid_nano",
                "provider_received_nano",
            )
        )
        measured[trial] = {
            "chat_overpayment": over(max(paid, received) - cost, cost),
            "chat_provider_rent": over(received - cost, cost),
            "chat_hub_rent": over(max(paid - received, 0), cost),
            "chat_client_rent": over(value - paid, cost),
        }
    return measured


FAMILY = Family(METRICS, measure)
