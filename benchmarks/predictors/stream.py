"""A market whose hubs act on the trees while the other predictors look on."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.predictors.shadowing import SUBJECTS, Scored, shadowed
from benchmarks.tiers import ENGINES, group
from orchestrator.runs.run import logged_rounds
from orchestrator.runtime import InProcess
from orchestrator.scenario.model import Scenario

#: Tier, providers, base cost, skill in their domain, of every size of engine.
_SIZES = {
    "small": (1, 12, 0.2, [0.5, 0.75]),
    "medium": (2, 8, 1.0, [0.65, 0.85]),
    "large": (3, 4, 5.0, [0.8, 0.95]),
}


def market_of(seed: int, dialogues: Path | None, rounds: int) -> Scenario:
    """24 providers of three sizes in two hubs by domain; six dialogues start every second.

    Args:
        seed: of the scenario.
        dialogues: a file in the shape of CoQA; None for the built-in source with up to 20 turns.
        rounds: in which dialogues start.
    """
    demand: dict[str, Any] = {"kind": "dialogues", "rate_per_s": 6.0}
    if dialogues is None:
        demand["shape"] = {"turns": {"choice": [1, 2, 4, 8, 12, 20]}}
    else:
        demand["path"] = dialogues
    return Scenario.model_validate(
        {
            "seed": seed,
            "rounds": rounds,
            "providers": [
                group(
                    name,
                    tier,
                    base,
                    count,
                    domains=["code", "law", "medicine", "writing"],
                    skill={"uniform": skill},
                    engine=ENGINES[name],
                )
                for name, (tier, count, base, skill) in _SIZES.items()
            ],
            "hubs": {"count": 2, "cluster": "domain"},
            "demand": [demand],
            "log": {"predictions": "none"},
        }
    )


def scored_labels(scenario: Scenario) -> list[Scored]:
    """Play a market to its end; every label of all hubs, in the order in which hubs learned."""
    with shadowed(SUBJECTS) as hubs, tempfile.TemporaryDirectory() as folder:
        for _ in logged_rounds(scenario, 0, Path(folder), InProcess()):
            pass
    return [label for hub in hubs for label in hub.scored]
