"""A short run whose log has rows in every table: learned from, breaking down, stated priors."""

from __future__ import annotations

from typing import Any

from orchestrator.scenario.model import Scenario
from tests.markets import GROUPS, PRIORS, small_market

FAULTS: dict[str, Any] = {
    "requests": "reauction",
    "providers": {"mean_up_s": 15},
    "hubs": {"mean_up_s": 30},
    "down_rounds": 2,
}


def eventful_market(*compare: str) -> Scenario:
    """Two trials of ten rounds."""
    return small_market(
        trials=2,
        providers=[GROUPS[0], GROUPS[1] | {"prior": PRIORS["empirical"]}],
        faults=FAULTS,
        compare=compare,
    )
