"""Same scenario and seed, same rows; and nobody's draws depend on who else is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agents.host import ProviderHost
from orchestrator.assembly import Market, assemble, build_providers
from orchestrator.log import read_table
from orchestrator.log.tables import TABLES
from orchestrator.runtime import InProcess, Stepped
from orchestrator.scenario.model import Scenario
from tests.markets import GROUPS, run_market, small_market

ROOT = Path(__file__).resolve().parents[2]


def rows(run: Path) -> dict[str, list[str]]:
    """Every table's rows, sorted; all but the wall-clock ones and their digests.

    The links between digests depend on all that the scenario says, as on how it is packed.
    """
    return {
        table: sorted(
            repr({name: value for name, value in row.items() if name != "digest"})
            for row in read_table(run, table).to_pylist()
            if not _timed(row)
        )
        for table in TABLES
        if table != "timings"
    }


def _timed(row: dict[str, Any]) -> bool:
    """Whether it is the digest of wall-clock rows."""
    return row.get("table") == "timings"


def test_the_same_seed_gives_the_same_rows(tmp_path: Path) -> None:
    first = run_market(small_market(), tmp_path / "first")
    second = run_market(small_market(), tmp_path / "second")
    assert rows(first) == rows(second)


def test_rows_do_not_depend_on_the_hash_seed_of_the_process(tmp_path: Path) -> None:
    here = run_market(small_market(), tmp_path / "here")
    there = tmp_path / "there"
    script = (
        "import sys; from pathlib import Path; from tests.markets import *; "
        "run_market(small_market(), Path(sys.argv[1]))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    subprocess.run([sys.executable, "-c", script, there], check=True, cwd=ROOT, env=environment)
    assert rows(here) == rows(there)


def test_rows_do_not_depend_on_when_they_are_committed(tmp_path: Path) -> None:
    often = run_market(small_market(log={"checkpoint_rounds": 1}), tmp_path / "often")
    once = run_market(small_market(log={"checkpoint_rounds": 1000}), tmp_path / "once")
    assert rows(often) == rows(once)


LEARNED = {"hubs": {"count": 2, "workflow": {"prior": {"source": "others", "min_samples": 20}}}}


def test_priors_are_learned_alike_and_change_what_is_paid_and_nobodys_draws(tmp_path: Path) -> None:
    fixed = rows(run_market(small_market(), tmp_path / "fixed"))
    learned, again = (
        rows(run_market(small_market(**LEARNED), tmp_path / name)) for name in ("learned", "again")
    )
    assert learned == again
    assert learned["awards"] != fixed["awards"]
    for drawn in ("bids", "requests", "providers"):
        assert learned[drawn] == fixed[drawn]


COMING_AND_GOING: dict[str, Any] = {
    "cost": {"kind": "load", "of": {"kind": "sum", "of": [GROUPS[0]["cost"], {"base": 0.1}]}},
    "outages": {"kind": "drawn", "up_s": 5.0, "down_s": 2.0},
    "entry_exit": {"fixed_usd_per_s": {"uniform": [1e-6, 1e-4]}, "window_s": 3, "away_s": 3},
}


class InThreeHosts(InProcess):
    """Providers packed as on Ray: every third in one host."""

    def seat(self, scenario: Scenario, market: Market) -> None:
        super().seat(scenario, market)
        self._hosts = [ProviderHost() for _ in range(3)]
        names = [profile.provider for profile in market.providers]
        for index, host in enumerate(self._hosts):
            host.seat(scenario.providers, scenario.electricity, market.seed, names[index::3])

    def step_providers(self, *asked: Any) -> Stepped:
        replies = [reply for host in self._hosts for reply in host.step(*asked)]
        return Stepped(sorted(replies, key=lambda reply: reply.bid.provider))


def test_who_comes_and_goes_and_costs_what_does_not_depend_on_where_it_lives(
    tmp_path: Path,
) -> None:
    market = small_market(providers=[GROUPS[0] | COMING_AND_GOING, GROUPS[1]], rounds=20)
    first = rows(run_market(market, tmp_path / "first"))
    packed = rows(run_market(market, tmp_path / "packed", runtime=InThreeHosts()))
    assert first == packed
    assert {"outage", "left"} <= {word for row in first["bids"] for word in row.split("'")}


def test_another_seed_gives_other_rows(tmp_path: Path) -> None:
    first = run_market(small_market(), tmp_path / "first")
    second = run_market(small_market(seed=4), tmp_path / "second")
    assert rows(first)["bids"] != rows(second)["bids"]


GROWN: dict[str, list[dict[str, Any]]] = {
    "one more of a group": [GROUPS[0] | {"count": 9}, GROUPS[1]],
    "a group in front": [GROUPS[0] | {"name": "another", "tier": 2}, *GROUPS],
}


@pytest.mark.parametrize("providers", GROWN.values(), ids=GROWN.keys())
def test_adding_a_provider_leaves_the_others_draws_as_they_were(
    providers: list[dict[str, Any]],
) -> None:
    before, after = small_market(), small_market(providers=providers)
    grown = draws_of_providers(after)
    assert draws_of_providers(before).items() < grown.items()
    assert draws_of_demand(before) == draws_of_demand(after)


def draws_of_providers(scenario: Scenario) -> dict[str, Any]:
    """Each provider's profile and its costs over time."""
    seed = assemble(scenario, 0).seed
    return {
        provider.profile.provider: (
            provider.profile,
            [provider.cost.usd_per_mtok(float(second)) for second in range(20)],
        )
        for provider in build_providers(scenario, seed)
    }


def draws_of_demand(scenario: Scenario) -> list[Any]:
    """Who asks what and when, and what it is worth to them."""
    market = assemble(scenario, 0)
    turns = market.demand.turns(scenario.horizon_s)
    owners = [market.clients.client_of(turn.dialogue) for turn in turns]
    valuations = [market.clients[owner].valuation for owner in owners]
    return [turns, owners, valuations, market.demand.workflows(scenario.horizon_s)]
