"""Scenarios to mutate: the examples, and one that states what they leave out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

_DRAWN = {"uniform": [0.1, 0.3]}
#: Small, so that whatever of it is accepted can be run.
RICH: dict[str, Any] = {
    "seed": 3,
    "trials": 1,
    "rounds": 3,
    "round_s": 1.0,
    "drain_rounds": 40,
    "electricity": {"beta": 1.5, "day_s": 86400, "start_hour": 8},
    "providers": [
        {
            "name": "a",
            "count": 3,
            "tier": 3,
            "domains": ["code", "law"],
            "skill": {"normal": [0.7, 0.1]},
            "input_ratio": {"choice": [0.2, 0.3]},
            "hit_ratio": 0.02,
            "chat_slots": 2,
            "engine": {"kind": "simulated", "kv_blocks": 500, "max_model_len": 4096},
            "cost": {"kind": "paper", "base": _DRAWN, "scarcity": [0.5, 1.0], "redraw_s": 1},
            "strategy": {"kind": "aggressive", "by": 1.2},
            "panel": {"count": 1, "strategy": {"kind": "truthful"}},
            "prior": {"kind": "from_cost"},
            "outages": {"kind": "drawn", "up_s": 5, "down_s": 2},
            "entry_exit": {"fixed_usd_per_s": 0.0, "window_s": 5, "away_s": 5},
        },
        {
            "name": "b",
            "count": 2,
            "tier": 1,
            "domains": ["law"],
            "cost": {
                "kind": "scarcity",
                "of": {"kind": "load", "of": {"kind": "constant", "base": _DRAWN}, "slope": 1},
                "between": [0.5, 1.0],
            },
            "strategy": {"kind": "random"},
            "prior": {"kind": "uniform", "low": 0.01, "high": 5.0, "scaled": True},
            "outages": {"kind": "listed", "periods": [[1, 2]]},
            "models": [{"name": "m", "tier": 2, "output_usd_per_mtok": 1.0, "input_ratio": 0.2}],
        },
    ],
    "clients": {"count": 5, "quality_usd": {"lognormal": [0.005, 0.6]}},
    "hubs": {
        "count": 2,
        "cluster": "domain",
        "routing": "content",
        "mechanism": "auction",
        "admission": {"waiting": 5},
        "exploration": {"rate": 0.1, "warm_up_rounds": 1},
        "patience_rounds": 3,
        "predictor": {"grace_period": 20, "max_depth": 4},
        "workflow": {"mechanism": "star", "patience_rounds": 4, "prior": {"source": "fixed"}},
    },
    "demand": [
        {
            "kind": "dialogues",
            "rate_per_s": 2,
            "burstiness": 0.5,
            "limit": 4,
            "domains": {"law": 1.0},
            "shape": {"turns": {"choice": [1, 2]}, "think_s": 0.1, "terms": 4},
        },
        {"kind": "workflows", "names": ["S1"], "every_rounds": 2, "length_noise": 0.1},
    ],
    "compare": ["random"],
    "log": {"predictions": "full", "checkpoint_rounds": 2},
    "packing": {"providers_per_actor": 2, "cpus_per_actor": 0.5},
}


def scenario_documents() -> list[Any]:
    """The rich one and the examples."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.yaml"))]
    return [RICH, *map(yaml.safe_load, texts)]
