"""Scenarios to begin with: small markets that run in seconds, every key explained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.scenario.commented import DEFAULT, Block, commented_yaml
from orchestrator.scenario.model import Scenario

_DOMAINS = ["code", "law", "medicine"]
_COMMON = {"trials": DEFAULT, "drain_rounds": DEFAULT, "electricity": {"beta": 1.5, "day_s": 120}}
_FAULTS = {"requests": "reauction", "providers": {"mean_up_s": 600}}
_CHAT_EXTRAS = {
    "strategy": DEFAULT,
    "panel": {"count": 1, "strategy": {"kind": "aggressive", "by": 1.5}},
    "outages": {"kind": "drawn", "up_s": 180, "down_s": 30},
}


def _group(
    name: str, count: int, tier: int, profile: str, base: list[float], *, chat: int, workflow: int
) -> Block:
    """A group of providers; what only who sells chat can have is offered only to those."""
    by_profit = {"entry_exit": {"fixed_usd_per_s": 0.0001, "window_s": 20, "away_s": 20}}
    prior = {"prior": DEFAULT}
    return Block(
        {
            "name": name,
            "count": count,
            "tier": tier,
            "domains": _DOMAINS,
            "chat_slots": chat,
            "workflow_slots": workflow,
            "engine": Block(
                {"kind": "simulated", "profile": profile},
                {"speed": DEFAULT, "kv_blocks": 4096, "max_num_seqs": 32},
            ),
            "cost": Block(
                {"kind": "paper", "base": {"uniform": base}},
                {"scarcity": DEFAULT, "redraw_s": DEFAULT},
            ),
        },
        {"specialties": DEFAULT, "skill": DEFAULT, "skill_elsewhere": DEFAULT}
        | {"input_ratio": DEFAULT, "hit_ratio": DEFAULT}
        | _CHAT_EXTRAS
        | (by_profit if chat else {})
        | (prior if workflow else {}),
    )


def _later(block: Block) -> Block:
    """A group after the first: the same keys, none offered, short blocks on one line."""
    return Block({key: _shorter(value) for key, value in block.keys.items()})


def _shorter(value: Any) -> Any:
    if not isinstance(value, Block):
        return value
    return dict(value.keys) if len(value.keys) <= 3 else Block(value.keys)


def _groups(*, chat: bool, workflows: bool) -> list[Block]:
    """Three tiers; workflows need them all."""
    first = _group(
        "small", 8, 1, "llama-3.1-8b@h100", [0.1, 0.3], chat=3 * chat, workflow=2 * workflows
    )
    second = _group(
        "medium", 4, 2, "qwen3-32b@h200", [0.5, 1.5], chat=3 * chat, workflow=2 * workflows
    )
    third = _group(
        "large", 4, 3, "llama-3.3-70b@4xh100", [2.5, 7.5], chat=2 * chat, workflow=2 * workflows
    )
    return [first, _later(second), _later(third)]


_CLIENTS = Block(
    {"count": 100},
    {
        "quality_weight": DEFAULT,
        "quality_usd": DEFAULT,
        "latency_usd_per_s": DEFAULT,
        "strategy": DEFAULT,
    },
)
_DIALOGUES = Block(
    {"kind": "dialogues", "rate_per_s": 4},
    {
        "path": DEFAULT,
        "format": DEFAULT,
        "burstiness": DEFAULT,
        "limit": 1000,
        "domains": {"code": 2, "law": 1},
        "shape": {"turns": {"uniform": [2, 5]}, "think_s": {"lognormal": [2.0, 0.8]}},
    },
)
_WORKFLOWS = Block(
    {
        "kind": "workflows",
        "names": ["S1", "S4"],
        "every_rounds": 5,
        "execution_token_scale": 0.002,
    },
    {
        "path": DEFAULT,
        "format": DEFAULT,
        "length_noise": DEFAULT,
        "realized_noise": 0.1,
    },
)
_WORKFLOW_HUB = Block(
    {"mechanism": "star"},
    {
        "workload": DEFAULT,
        "payment_method": DEFAULT,
        "reserve": DEFAULT,
        "charge_entry_input": DEFAULT,
        "patience_rounds": DEFAULT,
        "settle": DEFAULT,
        "prior": {"source": "disjoint_pool", "min_samples": 20},
    },
)
_MATCHING = {
    "cluster": DEFAULT,
    "routing": DEFAULT,
    "patience_rounds": DEFAULT,
    "admission": {"waiting": 4},
    "exploration": {"rate": 0.05, "warm_up_rounds": 5},
    "predictor": {"kind": "trees", "confidence": 1.0},
}
_LOG = {"faults": _FAULTS, "log": {"predictions": "awarded"}}


def _both() -> Block:
    """Chat and workflows in one market."""
    return Block(
        {
            "seed": 7,
            "rounds": 30,
            "round_s": 1.0,
            "compare": ["random"],
            "providers": _groups(chat=True, workflows=True),
            "clients": _CLIENTS,
            "hubs": Block(
                {"count": 2, "mechanism": "auction", "workflow": _WORKFLOW_HUB}, _MATCHING
            ),
            "demand": [_DIALOGUES, _WORKFLOWS],
        },
        _COMMON | _LOG,
    )


def _chat() -> Block:
    """Chat alone."""
    return Block(
        {
            "seed": 7,
            "rounds": 30,
            "round_s": 1.0,
            "compare": ["random", "sticky"],
            "providers": _groups(chat=True, workflows=False),
            "clients": _CLIENTS,
            "hubs": Block({"count": 2, "mechanism": "auction"}, _MATCHING),
            "demand": [_DIALOGUES],
        },
        _COMMON | _LOG,
    )


def _workflows() -> Block:
    """Workflows alone."""
    return Block(
        {
            "seed": 7,
            "rounds": 30,
            "round_s": 1.0,
            "providers": _groups(chat=False, workflows=True),
            "hubs": Block({"count": 0, "workflow": _WORKFLOW_HUB}),
            "demand": [_WORKFLOWS],
        },
        _COMMON | {"log": {"predictions": "none"}},
    )


#: Lengths of CoQA's dialogues in tokens, as in ``examples/iemas.yaml``.
_COQA = {
    "turns": {"uniform": [10, 20]},
    "document_tokens": {"lognormal": [350, 0.25]},
    "question_tokens": {"lognormal": [7, 0.3]},
    "answer_tokens": {"lognormal": [3.5, 0.5]},
    "think_s": {"lognormal": [1.0, 0.5]},
}


def _with_small_cache(name: str, skill: list[float], speed: float, kv_blocks: int) -> Block:
    """The three providers of one model of IEMAS's experiments."""
    engine = {"kind": "simulated", "profile": "llama-3.1-8b@rtx-4090", "speed": speed}
    engine |= {"kv_blocks": kv_blocks, "max_model_len": 4096, "max_num_seqs": 12}
    return Block(
        {
            "name": name,
            "count": 3,
            "domains": ["reading"],
            "skill": {"uniform": skill},
            "chat_slots": 4,
            "workflow_slots": 0,
            "input_ratio": 1.0,
            "hit_ratio": 0.25,
            "engine": Block(engine),
            "cost": {"kind": "paper", "base": {"uniform": [300, 500]}, "scarcity": [0.9, 1.0]},
        },
        _CHAT_EXTRAS,
    )


def _iemas() -> Block:
    """The market of IEMAS's experiments: three models with small caches, units of account."""
    dialogues = {"kind": "dialogues", "rate_per_s": 0.8, "burstiness": 0.5}
    return Block(
        {
            "seed": 1,
            "rounds": 60,
            "round_s": 1.0,
            "electricity": {"beta": 0},
            "compare": ["random", "matrix_factorization"],
            "providers": [
                _with_small_cache("qwen-4b", [0.61, 0.71], 1.6, 2800),
                _later(_with_small_cache("llama-7b", [0.67, 0.77], 1.0, 1600)),
                _later(_with_small_cache("qwen-8b", [0.75, 0.85], 0.9, 1400)),
            ],
            "clients": Block(
                {"quality_weight": 0.5, "quality_usd": 100, "latency_usd_per_s": 5},
                {"count": DEFAULT, "strategy": DEFAULT},
            ),
            "hubs": Block({"count": 1, "mechanism": "auction"}, _MATCHING),
            "demand": [
                Block(
                    dialogues | {"shape": Block(_COQA, {"difficulty": DEFAULT})},
                    {"path": DEFAULT, "format": DEFAULT, "limit": 1000},
                )
            ],
        },
        {"trials": DEFAULT, "drain_rounds": DEFAULT} | _LOG,
    )


#: What ``walras init`` can write, by name: the market in words, and what makes it.
STARTERS: dict[str, tuple[str, Callable[[], Block]]] = {
    "both": ("Sixteen providers in three tiers that sell chat requests and workflows.", _both),
    "chat": ("Sixteen providers in three tiers that sell chat requests.", _chat),
    "workflows": ("Sixteen providers in three tiers that sell workflows.", _workflows),
    "iemas": ("Nine providers and long dialogues, as in the experiments of IEMAS.", _iemas),
}


def starter(kind: str, file: str) -> str:
    """The text of a scenario that is to stand in ``file``."""
    words, make = STARTERS[kind]
    head = [
        f"# {words}",
        f"#   walras run {file} --ray off",
        "# A line such as `#trials: 1` is a key that is not set: remove its # to set it.",
        "",
    ]
    return "\n".join(head) + "\n" + commented_yaml(make(), Scenario)
