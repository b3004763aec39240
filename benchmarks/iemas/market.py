"""The market of the IEMAS paper's experiments, see ``examples/iemas.yaml``, and its variants."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from orchestrator.scenario.model import Scenario

MARKET = Path(__file__).parents[2] / "examples" / "iemas.yaml"

#: Price of an output token in the paper's units (Eq. 6).
OUTPUT_PRICE = 0.02


@dataclass(frozen=True)
class Constants:
    """What answers are worth, and what tokens cost; what is None is as in the market's file.

    Attributes:
        clients: the parameters of clients.
        input_ratio: price of an uncached input token over that of an output token.
        hit_ratio: of a cached one.
        cost_over_files: the bases of costs, over those of the file.
        right_answer_usd: what a right answer that comes at once is worth to a median client.
    """

    clients: Mapping[str, Any] | None
    input_ratio: float
    hit_ratio: float
    cost_over_files: float
    right_answer_usd: float


#: ``paper``: those of the reference experiment, where quality outweighs all else. ``walras``: the
#: usual clients of this simulator, whose median value is about five times the median cost, and
#: prices of tokens as providers list them.
CONSTANTS: dict[str, Constants] = {
    "paper": Constants(None, 1.0, 0.25, 1.0, 50.0),
    "walras": Constants({}, 0.25, 0.025, 1 / 400, 0.7 * 0.0005),
}


@dataclass(frozen=True)
class Dataset:
    """Dialogues to play.

    Attributes:
        name: as the paper names it.
        demand: the source, as a scenario states it; None for that of the market's file.
        file: what is read, below the folder of dialogues; None for a synthetic source.
    """

    name: str
    demand: Mapping[str, Any] | None
    file: str | None


DATASETS: dict[str, Dataset] = {
    "coqa": Dataset("CoQA-shaped", None, None),
    "quac": Dataset(
        "QuAC",
        {"rate_per_s": 2.0, "shape": {"think_s": {"lognormal": [1.0, 0.5]}}},
        "quac_500_in_coqa_shape.json",
    ),
    "hotpotqa": Dataset(
        "HotpotQA",
        {"rate_per_s": 2.0, "format": "hotpotqa"},
        "hotpotqa_100_dev_distractor_reflexion.json",
    ),
}


def reference_market(
    dataset: Dataset,
    mechanism: str,
    seed: int,
    *,
    folder: Path | None = None,
    constants: str = "paper",
    rounds: int = 120,
) -> Scenario:
    """One market; the same seed gives the same tape whatever the mechanism.

    Args:
        dataset: what is asked.
        mechanism: of its one hub.
        seed: of everything drawn.
        folder: of the dialogues' files.
        constants: which of ``CONSTANTS``.
        rounds: of arrivals, a second each.
    """
    document = deepcopy(_document()) | {"seed": seed, "rounds": rounds, "compare": []}
    document["hubs"]["mechanism"] = mechanism
    if dataset.demand is not None:
        source = {"kind": "dialogues", "burstiness": 0.5, **dataset.demand}
        if dataset.file is not None:
            if folder is None:
                raise ValueError(f"{dataset.name}: expected the folder of its file")
            source["path"] = str(folder / dataset.file)
        document["demand"] = [source]
    chosen = CONSTANTS[constants]
    if chosen.clients is not None:
        document["clients"] = dict(chosen.clients)
    for group in document["providers"]:
        group |= {"input_ratio": chosen.input_ratio, "hit_ratio": chosen.hit_ratio}
        base = group["cost"]["base"]["uniform"]
        group["cost"]["base"]["uniform"] = [chosen.cost_over_files * end for end in base]
    return Scenario.model_validate(document)


@cache
def _document() -> dict[str, Any]:
    """The file as it stands; never to be changed."""
    document: dict[str, Any] = yaml.safe_load(MARKET.read_text("utf-8"))
    return document
