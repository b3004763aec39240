"""Logs of small markets under several mechanisms, made without a look at them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from orchestrator.runs.directory import prepare_directory
from orchestrator.runs.run import run_scenario
from orchestrator.runtime import InProcess
from orchestrator.scenario.model import Scenario
from tests.markets import DIALOGUES, GROUPS, PRIORS, WORKFLOWS, small_market

LEARNED = {"source": "others", "min_samples": 8, "window": 100}
LOST = {"round": 4, "provider": "small-000"}

#: Changes to the small market, each of another kind.
MARKETS: dict[str, dict[str, Any]] = {
    "auction": {
        "demand": [DIALOGUES | {"rate_per_s": 15}, WORKFLOWS],
        "providers": [GROUPS[0], GROUPS[1] | {"prior": PRIORS["empirical"]}],
        "clients": {"count": 20},
    },
    "two_sided": {
        "hubs": {
            "count": 2,
            "mechanism": "auction_two_sided",
            "workflow": {"mechanism": "pay_as_bid", "settle": "realized"},
        },
        "demand": [DIALOGUES | {"rate_per_s": 15}, WORKFLOWS | {"realized_noise": 0.3}],
    },
    "explored": {
        "hubs": {
            "count": 2,
            "mechanism": "auction_per_request",
            "exploration": {"rate": 0.2},
            "predictor": {"confidence": 1.0},
            "workflow": {"prior": LEARNED},
        },
    },
    "routed": {
        "hubs": {"count": 2, "mechanism": "round_robin", "workflow": {"mechanism": "myopic"}}
    },
    "losses": {
        "hubs": {"count": 2, "mechanism": "sticky", "workflow": {"mechanism": "homogeneous"}},
        "faults": {"requests": "reauction", "listed": [LOST, {"round": 6, "hub": "hub-1"}]},
    },
    "greedy": {"hubs": {"count": 2, "workflow": {"mechanism": "greedy"}}},
}


def log_of(name: str, directory: Path) -> Path:
    """The log of one of ``MARKETS``."""
    return play(small_market(**MARKETS[name]), directory / name)


def play(scenario: Scenario, run: Path) -> Path:
    """Run a market and check nothing."""
    prepare_directory(run, force=False)
    with closing(InProcess()) as runtime:
        run_scenario(scenario, "test", run, runtime, lambda advance: None)
    return run
