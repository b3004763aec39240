"""A market of many domains: providers that specialise, and dialogues of every domain."""

from __future__ import annotations

from typing import Any

from benchmarks.tiers import ENGINES, group
from orchestrator.scenario.model import Scenario

DOMAINS = ("code", "law", "medicine", "writing")

#: Turns of a dialogue of the built-in source, on average.
_TURNS = 4.0


def domain_market(
    hubs: int, seed: int, *, providers: int, requests: int, rounds: int, **changes: Any
) -> Scenario:
    """Three tiers that specialise in one of four domains; about ``requests`` turns a round.

    Args:
        hubs: how many.
        seed: of everything drawn; the tape does not depend on the hubs.
        providers: how many.
        requests: turns that arrive in a round, about, once dialogues are under way.
        rounds: of arrivals.
        **changes: more parameters of hubs.
    """
    tiers = [
        ("small", 1, 0.2, (0.5, 0.75), (0.2, 0.45), 0.55),
        ("medium", 2, 1.0, (0.65, 0.85), (0.35, 0.6), 0.30),
        ("large", 3, 5.0, (0.8, 0.95), (0.6, 0.8), 0.15),
    ]
    counts = [max(1, round(share * providers)) for *_, share in tiers]
    counts[0] += providers - sum(counts)
    return Scenario.model_validate(
        {
            "seed": seed,
            "rounds": rounds,
            "electricity": {"beta": 0},
            "providers": [
                group(
                    name,
                    tier,
                    base,
                    count,
                    domains=list(DOMAINS),
                    skill={"uniform": list(skill)},
                    skill_elsewhere={"uniform": list(elsewhere)},
                    chat_slots=4,
                    workflow_slots=0,
                    engine=ENGINES[name],
                )
                for (name, tier, base, skill, elsewhere, _), count in zip(
                    tiers, counts, strict=True
                )
                if count > 0
            ],
            "clients": {"count": 10 * providers},
            "hubs": {"count": hubs, **changes},
            "demand": [
                {
                    "kind": "dialogues",
                    "rate_per_s": requests / _TURNS,
                    "burstiness": 0.0,
                    "shape": {"think_s": {"lognormal": [1.0, 0.5]}},
                }
            ],
        }
    )
