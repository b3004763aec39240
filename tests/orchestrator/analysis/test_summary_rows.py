"""What the summary says of the rule that bought workflows, and of the truth under it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.analysis.summary import summarize
from orchestrator.analysis.summary_rows import summary_rows
from tests.markets import WORKFLOWS, run_market, small_market

LEARNED = {"min_samples": 10, "window": 40}


@pytest.mark.parametrize(
    ("workflow", "mechanism", "priors"),
    [
        ({}, None, None),
        (
            {"prior": LEARNED | {"source": "others"}},
            None,
            "others' bids: truthful in each auction, not over rounds",
        ),
        (
            {"prior": LEARNED | {"source": "disjoint_pool"}},
            None,
            "other pool's bids: truthful in each auction",
        ),
        (
            {"mechanism": "pay_as_bid", "prior": LEARNED | {"source": "disjoint_pool"}},
            "pay_as_bid",
            "other pool's bids",
        ),
        (
            {"workload": "published", "prior": LEARNED | {"source": "others"}},
            "star workload=published",
            "others' bids",
        ),
        (
            {"payment_method": "bisection", "prior": LEARNED | {"source": "others"}},
            "star payment_method=bisection",
            "others' bids",
        ),
    ],
)
def test_only_of_a_truthful_rule_the_truth_is_said_to_be_best(
    workflow: dict[str, Any], mechanism: str | None, priors: str | None, tmp_path: Path
) -> None:
    market = small_market(hubs={"count": 1, "workflow": workflow}, demand=[WORKFLOWS], rounds=3)
    rows = dict(summary_rows([summarize(run_market(market, tmp_path / "run"))]))
    assert rows.get("  mechanism", [None]) == [mechanism]
    assert rows.get("  priors", [None]) == [priors]
