"""Whole runs through the loss of processes: they end, and as if the scenario had said so."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import psutil
import pytest

from orchestrator.faults.params import ListedFault
from orchestrator.log import read_table
from orchestrator.log.tables import TABLES
from orchestrator.scenario.model import Scenario
from tests.markets import WORKFLOWS, run_market, small_market
from tests.orchestrator.on_ray.saboteur import Attack, Sabotaged
from tests.orchestrator.on_ray.test_packing import packed

PACKING = {"cpus_per_actor": 0.1, "providers_per_actor": 5, "hubs_per_actor": 1}


@pytest.fixture(scope="module")
def market(one_node: None) -> Iterator[Sabotaged]:
    with closing(Sabotaged(packed(faulty(), cpus=2))) as runtime:
        yield runtime


def faulty(listed: Sequence[ListedFault] = (), **changes: Any) -> Scenario:
    faults = {"deadline_s": 2, "requests": "reauction", "listed": listed}
    return small_market(packing=PACKING, **{"faults": faults} | changes)


def rows(run: Path) -> dict[str, list[str]]:
    """Sorted; without what was seen of a loss, and without digests, which depend on that."""
    kept = [table for table in TABLES if table not in ("timings", "digests")]
    read = {table: read_table(run, table).to_pylist() for table in kept}
    for row in read["faults"]:
        del row["cause"]
    return {table: sorted(map(repr, found)) for table, found in read.items()}


def listed(market: Sabotaged, attacks: dict[int, list[Attack]]) -> list[ListedFault]:
    """The same losses as faults that a scenario lists."""
    found = []
    for number, those in attacks.items():
        for attack in those:
            for process in (*market._hosts, *market._houses):
                if attack.member in process.members:
                    kind = "provider" if process in market._hosts else "hub"
                    found += [{"round": number, kind: name} for name in process.members]
    return [ListedFault.model_validate(one) for one in found]


@pytest.mark.parametrize(
    "attacks",
    [
        pytest.param(
            {2: [Attack("small-000")], 4: [Attack("hub-0")], 6: [Attack("workflow")]},
            id="a host, a hub, the workflow hub",
            marks=pytest.mark.slow,
        ),
        pytest.param({4: [Attack("small-000", kill=False)]}, id="a host that hangs"),
        pytest.param(
            {
                1: [Attack("large-000"), Attack("hub-1")],
                6: [Attack("small-001"), Attack("small-002"), Attack("workflow"), Attack("hub-0")],
            },
            id="in the first round, and most in one round",
        ),
        pytest.param(
            {3: [Attack("small-000")], 6: [Attack("small-000")], 7: [Attack("hub-0")]},
            id="again as soon as it is back",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_run_that_loses_processes_has_the_rows_of_one_that_lists_their_crashes(
    attacks: dict[int, list[Attack]], market: Sabotaged, tmp_path: Path
) -> None:
    market.begin(attacks)
    there = run_market(faulty(), tmp_path / "there", runtime=market)
    here = run_market(faulty(listed(market, attacks)), tmp_path / "here")
    assert rows(there) == rows(here)
    happened = read_table(there, "faults").to_pylist()
    assert {row["round"] for row in happened if row["event"] == "crash"} == set(attacks)


def test_a_loss_in_the_very_last_round_only_fails_what_was_open(
    market: Sabotaged, tmp_path: Path
) -> None:
    long = WORKFLOWS | {"execution_token_scale": 0.05, "every_rounds": 1}
    scenario = faulty(rounds=1, drain_rounds=20, demand=[long])
    market.begin({21: [Attack("large-000"), Attack("large-001"), Attack("workflow")]})
    run = run_market(scenario, tmp_path / "run", runtime=market)
    happened = read_table(run, "faults").to_pylist()
    assert {row["round"] for row in happened} == {21}
    assert read_table(run, "rounds").num_rows == 21


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_run_ends_however_many_processes_die_and_whenever(
    seed: int, market: Sabotaged, tmp_path: Path
) -> None:
    scenario = faulty(rounds=60, seed=seed)
    market.begin({})
    stop, killed = Event(), list[str]()
    asked = market, np.random.default_rng(seed), stop, killed
    killer = Thread(target=kill_at_random, args=asked)
    killer.start()
    try:
        run = run_market(scenario, tmp_path / "run", runtime=market)
    finally:
        stop.set()
        killer.join()
    assert len(killed) >= 10
    happened = read_table(run, "faults").to_pylist()
    assert {"crash", "back"} <= {row["event"] for row in happened}


def kill_at_random(
    market: Sabotaged, draw: np.random.Generator, stop: Event, killed: list[str]
) -> None:
    """Every few rounds kill a process of the market, whatever it does, or if it just starts."""
    due = 1
    while not stop.wait(draw.exponential(0.05)):
        if market.round < due:
            continue
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            titles = {
                process.pid: process.cmdline()[0]
                for process in psutil.Process().children(recursive=True)
                if process.cmdline()
            }
            actors = [pid for pid in titles if titles[pid].startswith(("ray::Pro", "ray::Hub"))]
            if actors:
                pid = actors[draw.integers(len(actors))]
                os.kill(pid, signal.SIGKILL)
                killed.append(titles[pid])
                due = market.round + draw.integers(1, 6)
