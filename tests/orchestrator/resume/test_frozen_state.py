"""Whoever takes part comes back from a snapshot as it was: the rounds that follow are the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest

from hubs.mechanisms import MECHANISMS
from hubs.prediction import PREDICTORS
from hubs.routing import ROUTINGS
from market.errors import BadInput
from market.frozen import freeze, thaw
from orchestrator.assembly import assemble
from orchestrator.demand import Demand
from orchestrator.log.rows import RoundRows
from orchestrator.runtime import Frozen, InProcess
from orchestrator.scenario.model import Scenario
from orchestrator.trial import Trial
from tests.agents.cost.costs import COSTS
from tests.engine_profiles import SMALL_RECORD
from tests.markets import DIALOGUES, GROUPS, PRIORS, WORKFLOWS, small_market
from tests.orchestrator.demand.test_sources import demand, sources

SHORT: dict[str, Any] = {"rounds": 8, "drain_rounds": 30}


class Played:
    """A trial in this process, and the rows of its rounds."""

    def __init__(self, scenario: Scenario):
        self.scenario = scenario
        self.runtime = InProcess()
        market = assemble(scenario, 0)
        self.runtime.seat(scenario, market)
        self.trial = Trial(scenario, market, self.runtime)
        self._rounds = self.trial.rounds()

    def rows(self, rounds: int | None = None) -> list[Any]:
        return [
            list(RoundRows(self.scenario, self.trial.market, 0, record).rows())
            for record in islice(self._rounds, rounds)
        ]

    def frozen(self) -> tuple[bytes, Frozen]:
        return self.trial.freeze(), self.runtime.freeze()


def check(scenario: Scenario, at: int = 6) -> None:
    played = Played(scenario)
    before = played.rows(at)
    assert len(before) == at
    state, participants = played.frozen()
    after = played.rows()
    assert after
    again = Played(scenario)
    again.trial.thaw(state)
    again.runtime.thaw(participants)
    assert again.rows() == after


def kinds_in_turn() -> list[dict[str, Any]]:
    """Every mechanism, predictor and routing, each with some of the others."""
    most = max(len(MECHANISMS), len(PREDICTORS), len(ROUTINGS))
    mechanisms, predictors, routings = (
        list(islice(cycle(kinds), most)) for kinds in (MECHANISMS, PREDICTORS, ROUTINGS)
    )
    return [
        {"mechanism": mechanism, "predictor": {"kind": predictor}, "routing": routing}
        for mechanism, predictor, routing in zip(mechanisms, predictors, routings, strict=True)
    ]


HUBS: list[dict[str, Any]] = [
    *kinds_in_turn(),
    {"exploration": {"rate": 0.3, "warm_up_rounds": 2}, "overflow": True},
    {
        "predictor": {"grace_period": 10, "split_tau": 0.9, "confidence": 1.0},
        "workflow": {"prior": {"source": "others", "min_samples": 20}},
    },
]


@pytest.mark.parametrize("hubs", HUBS, ids=map(str, range(len(HUBS))))
def test_whatever_hubs_do_and_learn(hubs: dict[str, Any]) -> None:
    check(small_market(hubs={"count": 2, **hubs}, **SHORT))


STRATEGIES: list[dict[str, Any]] = [
    {"kind": "truthful"},
    {"kind": "aggressive"},
    {"kind": "conservative"},
    {"kind": "random"},
    {"kind": "no_regret"},
    {"kind": "best_response"},
    {"kind": "ring", "members": ["g6-000", "g6-001"]},
]

PRESENCE: list[dict[str, Any]] = [
    {"outages": {"kind": "drawn", "up_s": 4.0, "down_s": 2.0}},
    {"entry_exit": {"fixed_usd_per_s": {"uniform": [1e-6, 1e-4]}, "window_s": 3, "away_s": 3}},
    {},
]


def test_whatever_providers_are_like() -> None:
    """One group of each strategy, cost and stated prior there is."""
    costs, priors = list(COSTS.values()), list(PRIORS.values())
    providers = [
        {
            **GROUPS[0],
            "name": f"g{number}",
            "count": 2,
            "workflow_slots": 0,
            "engine": {"profile": SMALL_RECORD | {"power_w": 400.0}},
            "cost": {**costs[number]},
            "strategy": STRATEGIES[number % len(STRATEGIES)],
            **PRESENCE[number % len(PRESENCE)],
        }
        for number in range(len(costs))
    ]
    providers += [
        {**GROUPS[1], "name": f"p{number}", "count": 2, "prior": prior}
        for number, prior in enumerate(priors)
    ]
    clients = {"strategy": {"kind": "no_regret"}}
    check(small_market(providers=providers, clients=clients, rounds=12, drain_rounds=30), at=9)


def write_files(folder: Path) -> list[dict[str, Any]]:
    """A source of every kind that is read from a file."""
    trace = folder / "trace.jsonl"
    row = {"input_length": 600, "output_length": 7, "hash_ids": [0, 1]}
    trace.write_text("".join(json.dumps({"timestamp": 250 * n, **row}) + "\n" for n in range(40)))
    azure = folder / "azure.csv"
    times = "".join(f"2023-11-16 18:15:{n:02d}.0000000,374,44\n" for n in range(8))
    azure.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n" + times)
    return [
        {"kind": "mooncake", "path": str(trace)},
        {"kind": "azure", "path": str(azure)},
        DIALOGUES,
        WORKFLOWS,
    ]


def test_demand_comes_back_to_its_place_in_every_file(tmp_path: Path) -> None:
    check(small_market(demand=write_files(tmp_path), **SHORT))


def test_demand_that_is_frozen_goes_on_where_it_was(tmp_path: Path) -> None:
    files = write_files(tmp_path)
    played = demand(*files)
    for until_s in (0.5, 3.0, 3.0, 6.0):
        played.turns(until_s)
        played.workflows(until_s)
        played = thaw(freeze(played))
    one = Demand(sources(*files))
    one.turns(6.0)
    one.workflows(6.0)
    assert (one.turns(9.0), one.workflows(9.0)) == (played.turns(9.0), played.workflows(9.0))


CHANGES: dict[str, Callable[[str], str]] = {
    "other": lambda text: text.replace("600", "601"),
    "shorter": lambda text: "".join(text.splitlines(keepends=True)[:5]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_file_that_has_changed_meanwhile_is_noticed(
    change: Callable[[str], str], tmp_path: Path
) -> None:
    file, *_ = write_files(tmp_path)
    played = demand(file)
    played.turns(5.0)
    frozen = freeze(played)
    path = Path(file["path"])
    path.write_text(change(path.read_text()))
    with pytest.raises(BadInput, match="demand: a file of it has changed"):
        thaw(frozen)
