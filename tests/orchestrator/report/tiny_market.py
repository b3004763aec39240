"""A small market with both kinds of demand, and a run of it."""

from pathlib import Path
from typing import Any

from orchestrator.cli.progress import RunProgress
from orchestrator.scenario.model import Scenario
from tests.markets import run_market

CHAT = {"kind": "dialogues", "path": None, "rate_per_s": 6, "domains": {"code": 1.0}}
S3 = {"kind": "workflows", "names": ["S3"], "every_rounds": 3, "execution_token_scale": 0.0002}

SCENARIO: dict[str, Any] = {
    "seed": 5,
    "rounds": 6,
    "providers": [
        {"name": "small", "count": 8, "tier": 1, "domains": ["code"], "chat_slots": 2},
        {"name": "large", "count": 4, "tier": 3, "domains": ["code"], "workflow_slots": 2},
    ],
    "hubs": {"count": 2},
    "demand": [CHAT, S3],
    "compare": ["random"],
    "log": {"checkpoint_rounds": 2},
}


def run_tiny(folder: Path, progress: RunProgress | None = None, **changes: Any) -> Path:
    """Run the tiny market, with other values for some keys of its scenario."""
    scenario = Scenario.model_validate(SCENARIO | changes)
    return run_market(scenario, folder / "run", "tiny", progress)
