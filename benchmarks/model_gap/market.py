"""The markets that are played: a dict each, in which only the engine is exchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.scenario.model import Scenario

#: Base prices of the three tiers, USD per 1e6 output tokens: STAR, table 2.
BASES_USD_PER_MTOK = ((0.1, 0.3), (0.5, 1.5), (2.5, 7.5))

#: Nothing is too long: what does not fit the cache fails anyway.
NO_LIMIT = 1_000_000_000

#: Tokens of a KV cache, before the scale of execution.
CACHE_TOKENS = 2**20

#: How long demand arrives at the market of two engines.
TWO_ENGINE_ROUNDS = 40

Record = dict[str, Any]


def simulated_engine(scale: float, block_size: int) -> Record:
    """A simulated engine of the default profile, its cache as small as what is executed."""
    return {
        "kind": "simulated",
        "block_size": block_size,
        "kv_blocks": max(1, round(CACHE_TOKENS * scale / block_size)),
        "max_model_len": NO_LIMIT,
    }


def workflow_market(
    names: tuple[str, ...],
    seed: int,
    engine: Mapping[str, Any],
    *,
    scale: float,
    every_rounds: int,
    workflows: int,
    charge_cached_input: bool,
) -> Scenario:
    """The nine providers of STAR's table 2 and ``workflows`` of the named graphs, in turn."""
    providers = [
        {
            "name": f"tier{tier}",
            "count": 3,
            "tier": tier,
            "domains": ["work"],
            "input_ratio": {"uniform": [0.2, 0.3]},
            "hit_ratio": {"uniform": [0.02, 0.03]},
            "chat_slots": 0,
            "workflow_slots": 2 * workflows,
            "engine": dict(engine),
            "cost": {"kind": "paper", "base": {"uniform": list(bases)}},
        }
        for tier, bases in enumerate(BASES_USD_PER_MTOK, 1)
    ]
    source = {
        "kind": "workflows",
        "names": list(names),
        "every_rounds": every_rounds,
        "execution_token_scale": scale,
    }
    return Scenario.model_validate(
        {
            "seed": seed,
            "rounds": every_rounds * workflows,
            "round_s": 5.0,
            "drain_rounds": 100_000,
            "providers": providers,
            "hubs": {"count": 0, "workflow": {"charge_cached_input": charge_cached_input}},
            "demand": [source],
        }
    )


def two_engine_market(engine: Mapping[str, Any]) -> Scenario:
    """A small and a large provider for one of each workflow, and for chat.

    The lengths are so small that a real engine on a CPU is through in some minutes; rounds are
    wall-clock seconds to it.
    """
    groups = [
        {
            "name": name,
            "count": 1,
            "tier": tier,
            "domains": ["work"],
            "chat_slots": 4,
            "workflow_slots": 4,
            "engine": dict(engine),
            "cost": {"kind": "paper", "base": base},
        }
        for name, tier, base in (("small", 1, 0.2), ("large", 3, 1.0))
    ]
    shape = {
        "turns": 3,
        "document_tokens": 160,
        "question_tokens": 16,
        "answer_tokens": 12,
        "think_s": 2.0,
    }
    demand: list[Record] = [
        {
            "kind": "workflows",
            "names": ["S1", "S2", "S3", "S4"],
            "every_rounds": TWO_ENGINE_ROUNDS / 4,
            "execution_token_scale": 0.001,
        },
        {"kind": "dialogues", "path": None, "rate_per_s": 0.2, "shape": shape},
    ]
    return Scenario.model_validate(
        {
            "seed": 1,
            "rounds": TWO_ENGINE_ROUNDS,
            "round_s": 1.0,
            "drain_rounds": 600,
            "providers": groups,
            "hubs": {"count": 1},
            "demand": demand,
        }
    )
