"""The market of the IEMAS paper's experiments, as far as the paper states it.

Nine providers: three models of 4, 7 and 8 billion parameters on three GPUs each, with caches kept
small. The paper states neither how many there are, nor load, nor answers' quality; those are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.scenario import Scenario

#: Prices of an output, an uncached and a cached input token, in the paper's units (Eq. 6).
OUTPUT_PRICE, MISS_PRICE, HIT_PRICE = 0.02, 0.02, 0.005


@dataclass(frozen=True)
class Constants:
    """What answers are worth, and what tokens cost.

    Attributes:
        clients: the parameters of clients.
        input_ratio: price of an uncached input token over that of an output token.
        hit_ratio: of a cached one.
        cost_usd_per_mtok: the middle of the bases of providers' costs.
        right_answer_usd: what a right answer that comes at once is worth to a median client.
    """

    clients: Mapping[str, Any]
    input_ratio: float
    hit_ratio: float
    cost_usd_per_mtok: float
    right_answer_usd: float


#: ``paper``: v = 0.5 * 100 P - 0.5 * 5 L and costs of 0.02 C, as in the reference experiment, where
#: quality outweighs all else. ``walras``: the usual clients of this simulator, whose median value
#: is about five times the median cost, and prices of tokens as providers list them.
CONSTANTS: dict[str, Constants] = {
    "paper": Constants(
        {"quality_weight": 0.5, "quality_usd": 100.0, "latency_usd_per_s": 5.0},
        MISS_PRICE / OUTPUT_PRICE,
        HIT_PRICE / OUTPUT_PRICE,
        0.02 * OUTPUT_PRICE * 1e6,
        50.0,
    ),
    "walras": Constants({}, 0.25, 0.025, 1.0, 0.7 * 0.0005),
}


@dataclass(frozen=True)
class Dataset:
    """Dialogues to play.

    Attributes:
        name: as the paper names it.
        demand: the source, as a scenario states it.
        file: what is read, below the folder of dialogues; None for a synthetic source.
        multi_turn: whether a dialogue has more than one turn.
    """

    name: str
    demand: Mapping[str, Any]
    file: str | None
    multi_turn: bool


#: Lengths in tokens at four thirds of a token a word. CoQA: stories of 271 words, 15 turns,
#: questions of 5.5 and answers of 2.7 words on average (Reddy et al. 2019, section 3).
DATASETS: dict[str, Dataset] = {
    "coqa": Dataset(
        "CoQA-shaped",
        {
            "rate_per_s": 0.8,
            "shape": {
                "turns": {"uniform": [10, 20]},
                "document_tokens": {"lognormal": [350, 0.25]},
                "question_tokens": {"lognormal": [7, 0.3]},
                "answer_tokens": {"lognormal": [3.5, 0.5]},
                "think_s": {"lognormal": [1.0, 0.5]},
            },
        },
        None,
        True,
    ),
    "quac": Dataset(
        "QuAC",
        {"rate_per_s": 2.0, "shape": {"think_s": {"lognormal": [1.0, 0.5]}}},
        "quac_500_in_coqa_shape.json",
        True,
    ),
    "hotpotqa": Dataset(
        "HotpotQA",
        {"rate_per_s": 2.0, "format": "hotpotqa"},
        "hotpotqa_100_dev_distractor_reflexion.json",
        False,
    ),
}

#: Model, skill, speed of its engine, KV blocks of 16 tokens.
_MODELS = (
    ("qwen-4b", 0.66, 1.6, 2800),
    ("llama-7b", 0.72, 1.0, 1600),
    ("qwen-8b", 0.80, 0.9, 1400),
)


def reference_market(
    dataset: Dataset,
    mechanism: str,
    seed: int,
    *,
    folder: Path | None = None,
    constants: str = "paper",
    rounds: int = 120,
    each: int = 3,
    slots: int = 4,
    **hubs: Any,
) -> Scenario:
    """One market; the same seed gives the same tape whatever the mechanism.

    Args:
        dataset: what is asked.
        mechanism: of its one hub.
        seed: of everything drawn.
        folder: of the dialogues' files.
        constants: which of ``CONSTANTS``.
        rounds: of arrivals, a second each.
        each: providers of each model.
        slots: chat slots of each provider.
        **hubs: more parameters of hubs.
    """
    chosen = CONSTANTS[constants]
    demand = {"kind": "dialogues", "burstiness": 0.5, **dataset.demand}
    if dataset.file is not None:
        if folder is None:
            raise ValueError(f"{dataset.name}: expected the folder of its file")
        demand["path"] = str(folder / dataset.file)
    return Scenario.model_validate(
        {
            "seed": seed,
            "rounds": rounds,
            "electricity": {"beta": 0},
            "providers": [
                {
                    "name": name,
                    "count": each,
                    "domains": ["reading"],
                    "skill": {"uniform": [skill - 0.05, skill + 0.05]},
                    "chat_slots": slots,
                    "workflow_slots": 0,
                    "input_ratio": chosen.input_ratio,
                    "hit_ratio": chosen.hit_ratio,
                    "engine": {
                        "profile": "medium",
                        "speed": speed,
                        "kv_blocks": kv_blocks,
                        "max_model_len": 4096,
                    },
                    "cost": {
                        "base": {
                            "uniform": [
                                0.75 * chosen.cost_usd_per_mtok,
                                1.25 * chosen.cost_usd_per_mtok,
                            ]
                        },
                        "scarcity": [0.9, 1.0],
                    },
                }
                for name, skill, speed, kv_blocks in _MODELS
            ],
            "clients": chosen.clients,
            "hubs": {"count": 1, "mechanism": mechanism, **hubs},
            "demand": [demand],
        }
    )
