"""What one participant gains by lying in every round, measured on whole runs of the market.

One participant reports its private number times a constant, all else is the same: the same
arrivals, costs, valuations and seeds. What it earns over all rounds is compared, trial by trial,
with what the truth earns. Only such constant lies are tried, so a mechanism may be open to others.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.client import client_name
from benchmarks.tiers import ENGINES
from benchmarks.truthfulness.one_round import (
    CLARKE,
    CLARKE_BY_REQUEST,
    DISJOINT,
    OTHERS,
    TWO_SIDED,
    VARIANTS,
    Variant,
)
from market.audit import CLIENT, PROVIDER
from orchestrator.analysis.statistics import ratio
from orchestrator.log import read_table
from orchestrator.runs.directory import prepare_directory
from orchestrator.runs.run import run_scenario
from orchestrator.runtime import InProcess
from orchestrator.scenario.model import Scenario

#: The factors on the private number that are tried.
FACTORS = (0.5, 0.75, 0.9, 1.05, 1.1, 1.25, 1.5, 2.0)


LIAR = "liar"


class _Tier(NamedTuple):
    number: int
    base: float
    engine: str


TIERS = (_Tier(1, 0.2, "small"), _Tier(2, 1.0, "medium"), _Tier(3, 5.0, "large"))

#: One number a trial, nano-USD.
Amounts = npt.NDArray[np.float64]


class Earned(NamedTuple):
    """What a participant earned in every trial, and what passed through its hands for it.

    ``turnover`` is what a provider received, or what a client's answers were worth to it.
    """

    utility: Amounts
    turnover: Amounts


@dataclass(frozen=True)
class Study:
    """A participant and the market it may lie in.

    ``scenario`` makes the market in which it reports its private number times a factor; ``earned``
    reads from a run what it earned.
    """

    name: str
    side: str
    scenario: Callable[[float], Scenario]
    earned: Callable[[Path, int], Earned]


@dataclass(frozen=True)
class Gain:
    """What a lie adds to the utility of the truth, over the turnover of the truth.

    ``low`` and ``high`` bound the mean over runs, for all factors of a study at once.
    """

    factor: float
    mean: float
    low: float
    high: float


def gains(study: Study) -> list[Gain]:
    """The gain of every factor; none of a participant that nothing passes through."""
    truth = _earned(study, 1.0)
    if not truth.turnover.any():
        return []
    return [
        gain_of(factor, _earned(study, factor).utility - truth.utility, truth.turnover)
        for factor in FACTORS
    ]


def gain_of(factor: float, added: Amounts, turnover: Amounts) -> Gain:
    """What a factor adds as a part of the turnover; the intervals of all factors hold at once."""
    found = ratio(added.tolist(), turnover.tolist(), comparisons=len(FACTORS))
    return Gain(factor, found.mean, found.low, found.high)


def _earned(study: Study, factor: float) -> Earned:
    scenario = study.scenario(factor)
    with tempfile.TemporaryDirectory() as parent:
        directory = Path(parent) / "run"
        prepare_directory(directory, force=False)
        run_scenario(scenario, "horizon", directory, InProcess(), lambda advance: None)
        return study.earned(directory, scenario.trials)


def studies(trials: int, rounds: int) -> Iterator[Study]:
    """Every participant of every mechanism that a running market can have."""
    size = {"trials": trials, "rounds": rounds}
    for name, variant in VARIANTS.items():
        market = partial(_workflow_market, size, _hub_options(name, variant))
        yield Study(name, PROVIDER, partial(market, declared=1.0), _workflow_earned)
        yield Study(name, CLIENT, partial(_declaring_buyer, market), _buyer_earned)
    for name, mechanism in CHAT_RULES.items():
        yield Study(name, PROVIDER, partial(_lying_provider, size, mechanism), _chat_earned)
        yield Study(name, CLIENT, partial(_lying_client, size, mechanism), _client_earned)


#: How each kind of prior is asked of the workflow hub.
_PRIORS: Mapping[str, Mapping[str, Any]] = {
    OTHERS: {"prior": {"source": "others", "min_samples": 20}},
    DISJOINT: {"prior": {"source": "disjoint_pool", "min_samples": 20}},
}

#: Ways to match chat requests, as mechanisms of a matching hub.
CHAT_RULES: Mapping[str, str] = {
    CLARKE: "auction",
    CLARKE_BY_REQUEST: "auction_per_request",
    TWO_SIDED: "auction_two_sided",
}


def _hub_options(name: str, variant: Variant) -> dict[str, Any]:
    """A rule as the workflow hub is asked for it."""
    options = {key: value for key, value in asdict(variant.options).items() if key != "solver"}
    return options | {
        "mechanism": variant.rule,
        "settle": variant.settle,
        **_PRIORS.get(name, {}),
    }


def _workflow_market(
    size: Mapping[str, int], options: Mapping[str, Any], factor: float, declared: float
) -> Scenario:
    """Nine providers of three tiers, the liar of the highest; a workflow every round."""
    return Scenario.model_validate(
        {
            "seed": 11,
            **size,
            "providers": _with_liar(factor, liar_tier=3, workflow_slots=8, chat_slots=0),
            "hubs": {"count": 0, "workflow": dict(options)},
            "demand": [
                {
                    "kind": "workflows",
                    "names": ["S3", "S4"],
                    "every_rounds": 1,
                    "execution_token_scale": 1e-5,
                    "declared": declared,
                }
            ],
        }
    )


def _declaring_buyer(market: Callable[..., Scenario], factor: float) -> Scenario:
    """The same market of honest providers, where all lengths are declared ``factor`` times."""
    return market(1.0, declared=factor)


def _lying_provider(size: Mapping[str, int], mechanism: str, factor: float) -> Scenario:
    """Nine providers, the liar of the middle tier; clients enough to fill slots at times."""
    providers = _with_liar(factor, liar_tier=2, workflow_slots=0)
    return _chat_market(size, mechanism, providers, {"count": 60})


def _lying_client(size: Mapping[str, int], mechanism: str, factor: float) -> Scenario:
    """The same market with six clients, who often have several requests at once; one lies."""
    panel = {"count": 1, "strategy": _strategy(factor)}
    providers = _with_liar(1.0, liar_tier=2, workflow_slots=0)
    return _chat_market(size, mechanism, providers, {"count": 6, "panel": panel})


def _chat_market(
    size: Mapping[str, int],
    mechanism: str,
    providers: Sequence[Mapping[str, Any]],
    clients: Mapping[str, Any],
) -> Scenario:
    return Scenario.model_validate(
        {
            "seed": 12,
            **size,
            "providers": providers,
            "clients": clients,
            "hubs": {"count": 1, "mechanism": mechanism},
            "demand": [{"kind": "dialogues", "rate_per_s": 3}],
        }
    )


def _strategy(factor: float) -> dict[str, Any]:
    """Reporting a private number times ``factor``."""
    if factor == 1:
        return {"kind": "truthful"}
    return {"kind": "aggressive" if factor > 1 else "conservative", "by": factor}


def _with_liar(factor: float, liar_tier: int, **slots: int) -> list[dict[str, Any]]:
    """Three providers of each tier; one of ``liar_tier`` lies, and is a group of its own."""
    groups = [
        _group(tier.engine, tier, 2 if tier.number == liar_tier else 3, slots) for tier in TIERS
    ]
    liar = _group(LIAR, TIERS[liar_tier - 1], 1, slots)
    return [*groups, liar | {"strategy": _strategy(factor)}]


def _group(name: str, tier: _Tier, count: int, slots: Mapping[str, int]) -> dict[str, Any]:
    return {
        "name": name,
        "tier": tier.number,
        "count": count,
        "domains": ["code", "law"],
        "engine": ENGINES[tier.engine],
        "cost": {"base": {"uniform": [tier.base / 2, tier.base * 3 / 2]}},
        "input_ratio": {"uniform": [0.1, 0.5]},
        **slots,
    }


def _workflow_earned(run: Path, trials: int) -> Earned:
    """Payments, less the true cost, of the workflows that the liar won."""
    mine = [
        row
        for row in read_table(run, "awards").to_pylist()
        if row["kind"] == "workflow" and row["provider"].startswith(LIAR)
    ]
    received = _by_trial(trials, mine, "provider_receives_nano")
    return Earned(received - _by_trial(trials, mine, "true_cost_nano"), received)


def _buyer_earned(run: Path, trials: int) -> Earned:
    """What all workflows cost their buyers, as an amount lost; the turnover is the same amount."""
    paid = _by_trial(trials, read_table(run, "workflows").to_pylist(), "settled_nano")
    return Earned(-paid, paid)


def _chat_earned(run: Path, trials: int) -> Earned:
    """What the liar received, less the true cost of what it served."""
    settled, done = (
        [row for row in read_table(run, table).to_pylist() if row["provider"].startswith(LIAR)]
        for table in ("settlements", "completions")
    )
    received = _by_trial(trials, settled, "provider_received_nano")
    return Earned(received - _by_trial(trials, done, "realized_cost_nano"), received)


def _client_earned(run: Path, trials: int) -> Earned:
    """What the answers were truly worth to the first client, less what it paid."""
    liar = client_name(0)
    own = {
        (row["trial"], row["request"])
        for row in read_table(run, "requests").to_pylist()
        if row["client"] == liar
    }
    done, settled = (
        [row for row in read_table(run, table).to_pylist() if (row["trial"], row["request"]) in own]
        for table in ("completions", "settlements")
    )
    worth = _by_trial(trials, done, "realized_value_nano")
    return Earned(worth - _by_trial(trials, settled, "client_paid_nano"), worth)


def _by_trial(trials: int, rows: Iterable[Mapping[str, Any]], column: str) -> Amounts:
    sums = np.zeros(trials)
    for row in rows:
        sums[row["trial"]] += row[column] or 0
    return sums
