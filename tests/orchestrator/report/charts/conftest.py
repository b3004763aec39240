from pathlib import Path

import pytest

from orchestrator.report.arms import Arm, read_arms
from tests.orchestrator.report.tiny_market import CHAT, S3, run_tiny

VARIED = {
    "rounds": 4,
    "trials": 2,
    "compare": [],
    "providers": [
        {
            "name": "small",
            "count": 8,
            "domains": ["code"],
            "chat_slots": 2,
            "panel": {"count": 2, "strategy": {"kind": "aggressive", "by": 1.5}},
        },
        {
            "name": "large",
            "count": 4,
            "tier": 3,
            "domains": ["code"],
            "workflow_slots": 2,
            "strategy": {"kind": "conservative"},
        },
    ],
    "clients": {"count": 20, "panel": {"count": 5, "strategy": {"kind": "aggressive"}}},
    "demand": [CHAT | {"rate_per_s": 20}, S3 | {"every_rounds": 2}],
    "faults": {
        "listed": [
            *({"round": 3, "provider": f"small-{number:03d}"} for number in range(8)),
            {"round": 2, "hub": "hub-1"},
        ]
    },
}


@pytest.fixture(scope="session")
def arms(tiny_run: Path) -> list[Arm]:
    """A small market beside random routing."""
    return read_arms(tiny_run)


@pytest.fixture(scope="session")
def varied(tmp_path_factory: pytest.TempPathFactory) -> list[Arm]:
    """Two trials of a market of several strategies, with faults. Alone."""
    return read_arms(run_tiny(tmp_path_factory.mktemp("varied"), **VARIED))
