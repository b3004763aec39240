"""Small markets, each run once: under the truth, under lies, under a router, and others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.scenario.model import Scenario
from tests.markets import DIALOGUES, GROUPS, PRIORS, WORKFLOWS, run_market, small_market

#: Small enough that every allocation can be tried.
GRAPH = {
    "nodes": [
        {"id": "plan", "output_tokens": 3000, "input_tokens": 500, "difficulty": 1},
        {"id": "code", "output_tokens": 9000, "difficulty": 3},
        {"id": "test", "output_tokens": 2000, "difficulty": 1},
    ],
    "edges": [{"from": "plan", "to": "code"}, {"from": "code", "to": "test"}],
}


def market(folder: Path, rate_per_s: float = 14, **changes: Any) -> Scenario:
    """Eight rounds with more chat than slots, and a workflow every other round."""
    path = folder / "graph.json"
    path.write_text(json.dumps(GRAPH), encoding="utf-8")
    workflows = WORKFLOWS | {"path": str(path), "format": "walras", "every_rounds": 2}
    return small_market(
        rounds=8, demand=[DIALOGUES | {"rate_per_s": rate_per_s}, workflows], **changes
    )


@pytest.fixture(scope="session")
def truthful(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two trials under the auction and STAR, everybody bidding the truth."""
    folder = tmp_path_factory.mktemp("truthful")
    return run_market(market(folder, trials=2), folder / "run")


@pytest.fixture(scope="session")
def lying(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two-sided auction and pay-as-bid; the small ask too much, the large have fixed costs."""
    folder = tmp_path_factory.mktemp("lying")
    groups = [
        GROUPS[0] | {"strategy": {"kind": "aggressive", "by": 2.0}},
        GROUPS[1]
        | {
            "strategy": {"kind": "random", "between": [0.4, 1.0]},
            "entry_exit": {"fixed_usd_per_s": {"constant": 1e-6}},
        },
    ]
    scenario = market(
        folder,
        providers=groups,
        clients={"strategy": {"kind": "aggressive", "by": 1.5}},
        hubs={
            "count": 2,
            "mechanism": "auction_two_sided",
            "exploration": {"rate": 0.1},
            "workflow": {"mechanism": "pay_as_bid"},
        },
    )
    return run_market(scenario, folder / "run")


@pytest.fixture(scope="session")
def routed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The truth under a random router and pay-as-bid; only the large do workflows."""
    folder = tmp_path_factory.mktemp("routed")
    hubs = {"count": 2, "mechanism": "random", "workflow": {"mechanism": "pay_as_bid"}}
    groups = [GROUPS[0] | {"workflow_slots": 0}, GROUPS[1]]
    return run_market(market(folder, hubs=hubs, providers=groups), folder / "run")


@pytest.fixture(scope="session")
def cautious(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The truth under an auction that clears lower confidence bounds."""
    folder = tmp_path_factory.mktemp("cautious")
    hubs = {"count": 2, "predictor": {"confidence": 1.0}}
    scenario = small_market(rounds=4, demand=[DIALOGUES | {"rate_per_s": 14}], hubs=hubs)
    return run_market(scenario, folder / "run")


@pytest.fixture(scope="session")
def ironed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Little but workflows, bought by STAR under wrong priors, one of them not regular."""
    folder = tmp_path_factory.mktemp("ironed")
    large = GROUPS[1] | {"count": 2, "prior": PRIORS["empirical"]}
    rival = GROUPS[1] | {"count": 2, "name": "rival", "prior": PRIORS["uniform"]}
    scenario = market(folder, rate_per_s=0.1, providers=[GROUPS[0], large, rival])
    return run_market(scenario, folder / "run")


@pytest.fixture(scope="session")
def chat_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chat without workflows or logged predictions."""
    scenario = small_market(rounds=3, demand=[DIALOGUES], log={"predictions": "none"})
    return run_market(scenario, tmp_path_factory.mktemp("chat") / "run")
