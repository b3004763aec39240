"""Whole markets in small: each run is checked by the invariants."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.chat_bids import ChatWin
from agents.client import Client
from agents.engine import Job
from agents.host import ProviderHost
from market.messages import CHAT, NODE, Completion
from orchestrator.assembly import Market, assemble
from orchestrator.log import read_table
from orchestrator.log.tables import TABLES
from orchestrator.records import RoundRecord
from orchestrator.runtime import InProcess, Stepped
from orchestrator.scenario.model import Scenario
from orchestrator.trial import Trial
from tests.engine_profiles import SMALL_RECORD
from tests.markets import DIALOGUES, GROUPS, PRIORS, WORKFLOWS, run_market, small_market

LEARNING = {"min_samples": 10, "window": 50}
NO_REGRET = {"kind": "no_regret", "rate": 0.3}
SCORED: dict[str, Any] = {
    "name": "api",
    "count": 4,
    "domains": ["code", "law"],
    "models": [
        {
            "name": "acme/one",
            "tier": 3,
            "skills": {"code": 0.5, "law": 0.375},
            "scores": {"code": "1 0 1 0 0.5 0 1 0", "law": [0.75, 0, 0.25, 0.5]},
        }
    ],
    "engine": {"profile": SMALL_RECORD},
    "cost": {"base": {"uniform": [0.1, 0.3]}},
}
RANDOM = {"strategy": {"kind": "random", "between": [0.5, 2.0]}}
VARIANTS: dict[str, dict[str, Any]] = {
    "two trials": {"trials": 2},
    "random routing": {"hubs": {"count": 2, "mechanism": "random"}},
    "sticky routing": {"hubs": {"count": 2, "mechanism": "sticky"}},
    "matrix factorisation": {"hubs": {"count": 2, "mechanism": "matrix_factorization"}},
    "providers paid what welfare would lose": {
        "hubs": {"count": 2, "mechanism": "auction_two_sided"},
    },
    "warm-up, then exploration": {
        "hubs": {"count": 2, "exploration": {"warm_up_rounds": 3, "rate": 0.2}},
    },
    "exploring liars at a loss": {
        "providers": [group | RANDOM for group in GROUPS],
        "clients": {"latency_usd_per_s": 0.02},
        "hubs": {"count": 2, "exploration": {"rate": 0.3}},
    },
    "exploring where both sides are paid": {
        "hubs": {"count": 2, "mechanism": "auction_two_sided", "exploration": {"rate": 0.3}},
    },
    "cautious bids": {"hubs": {"count": 2, "predictor": {"confidence": 1.0}}},
    "overflow and admission": {
        "demand": [DIALOGUES | {"rate_per_s": 30}],
        "clients": {"count": 20},
        "hubs": {"count": 2, "overflow": True, "admission": {"waiting": 2, "per_round": 1}},
    },
    "agents mixed, tasks clustered": {
        "hubs": {"count": 2, "cluster": "random", "routing": "domain"},
    },
    "everybody lies": {
        "providers": [group | RANDOM for group in GROUPS],
        "clients": {"strategy": {"kind": "conservative", "by": 0.6}},
    },
    "everybody learns": {
        "providers": [group | {"strategy": NO_REGRET} for group in GROUPS],
        "clients": {"count": 20, "strategy": NO_REGRET},
    },
    "panels of liars": {
        "providers": [
            group | {"panel": {"count": 2, "strategy": {"kind": "aggressive"}}} for group in GROUPS
        ],
        "clients": {"panel": {"count": 300, "strategy": {"kind": "conservative"}}},
    },
    "scores replayed": {"providers": [SCORED, *GROUPS]},
    "clients with many requests": {"clients": {"count": 3}},
    "scarce slots": {"demand": [DIALOGUES | {"rate_per_s": 30}]},
    "workflows alone": {"demand": [WORKFLOWS | {"every_rounds": 1}]},
    "random workflows": {"demand": [WORKFLOWS | {"names": ["random"], "every_rounds": 1}]},
    "no entry input": {"hubs": {"count": 2, "workflow": {"charge_entry_input": False}}},
    "cached input charged": {"hubs": {"count": 2, "workflow": {"charge_cached_input": True}}},
    "a ring, and best responses": {
        "providers": [
            GROUPS[0] | {"strategy": {"kind": "best_response"}},
            GROUPS[1]
            | {"strategy": {"kind": "ring", "members": [f"large-00{n}" for n in range(4)]}},
        ]
    },
    "charged per request": {
        "clients": {"count": 3},
        "hubs": {"count": 2, "mechanism": "auction_per_request"},
    },
    "workflows bought by another rule": {"hubs": {"count": 2, "workflow": {"mechanism": "myopic"}}},
    "HiGHS": {"hubs": {"count": 2, "workflow": {"solver": "highs"}}},
    **{
        f"a stated prior: {kind}": {"providers": [group | {"prior": prior} for group in GROUPS]}
        for kind, prior in PRIORS.items()
    },
    "a stated prior that electricity does not move": {
        "providers": [
            group | {"prior": PRIORS["empirical"] | {"scaled": False}} for group in GROUPS
        ]
    },
    "priors of others' bids": {
        "hubs": {"count": 2, "workflow": {"prior": LEARNING | {"source": "others"}}}
    },
    "disjoint pools": {
        "hubs": {"count": 2, "workflow": {"prior": LEARNING | {"source": "disjoint_pool"}}}
    },
    "paid by realised lengths": {"hubs": {"count": 2, "workflow": {"settle": "realized"}}},
    "a short drain": {"drain_rounds": 20, "demand": [WORKFLOWS | {"execution_token_scale": 0.02}]},
    "over-long prompts": {
        "demand": [DIALOGUES | {"shape": {"document_tokens": {"lognormal": [9000, 1.0]}}}]
    },
    "a comparison": {"compare": ["random"]},
    "much breaks down": {
        "faults": {
            "requests": "reauction",
            "providers": {"mean_up_s": 10},
            "hangs": {"mean_up_s": 20},
            "hubs": {"mean_up_s": 10},
            "deadline_s": 2,
        }
    },
    "no chat at all": {
        "providers": [GROUPS[1] | {"chat_slots": 0}],
        "hubs": {"count": 0},
        "demand": [WORKFLOWS],
    },
}


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS.keys())
def test_invariants_hold(changes: dict[str, Any], tmp_path: Path) -> None:
    run = run_market(small_market(**changes), tmp_path / "run")
    assert read_table(run, "rounds").num_rows >= 10


def test_something_of_everything_happens(tmp_path: Path) -> None:
    """Else the invariants would hold of nothing."""
    busy = small_market(
        demand=[DIALOGUES | {"rate_per_s": 30}, WORKFLOWS],
        hubs={"count": 2, "patience_rounds": 1},
        clients={"count": 20},
        providers=[GROUPS[0], GROUPS[1] | {"prior": PRIORS["empirical"]}],
        faults={"listed": [{"round": 5, "provider": "small-000"}]},
    )
    run = run_market(busy, tmp_path / "run")
    for table in TABLES:
        assert read_table(run, table).num_rows > 0, table
    statuses = set(read_table(run, "requests")["status"].to_pylist())
    assert statuses >= {"served", "refused"}
    assert max(map(max, read_table(run, "hubs")["scarcity_prices_nano"].to_pylist())) > 0
    assert any(read_table(run, "completions")["cached_tokens"].to_pylist())
    assert set(read_table(run, "workflows")["status"].to_pylist()) >= {"served"}


def test_what_is_unfinished_when_the_drain_ends_has_failed(tmp_path: Path) -> None:
    slow = small_market(
        drain_rounds=20, demand=[WORKFLOWS | {"names": ["S2"], "execution_token_scale": 0.04}]
    )
    run = run_market(slow, tmp_path / "run")
    assert read_table(run, "rounds").num_rows == 30
    assert set(read_table(run, "workflows")["status"].to_pylist()) == {"failed"}
    assert "trial ended" in read_table(run, "completions")["error"].to_pylist()
    assert sum(read_table(run, "settlements")["client_paid_nano"].to_pylist()) == 0


def test_predictions_are_logged_as_asked(tmp_path: Path) -> None:
    for kept in ("none", "awarded"):
        run = run_market(small_market(log={"predictions": kept}), tmp_path / kept)
        awarded = sum(read_table(run, "rounds")["awarded"].to_pylist())
        expected = awarded if kept == "awarded" else 0
        assert read_table(run, "predictions").num_rows == expected


def test_settling_by_realised_lengths_changes_nothing_where_all_are_as_predicted(
    tmp_path: Path,
) -> None:
    settled = []
    for settle in ("predicted", "realized"):
        hubs = {"count": 2, "workflow": {"settle": settle}}
        run = run_market(small_market(hubs=hubs), tmp_path / settle)
        settled.append(read_table(run, "settlements").to_pylist())
    assert settled[0] == settled[1]
    assert any(row["kind"] == "workflow" for row in settled[0])


class Watched(InProcess):
    """A runtime that keeps the jobs that are handed out, and seats each provider in its host."""

    def __init__(self, *, alone: bool = False) -> None:
        super().__init__()
        self.handed_out: list[Job] = []
        self._alone = alone
        self._hosts = [self.providers]

    def seat(self, scenario: Scenario, market: Market) -> None:
        super().seat(scenario, market)
        if self._alone:
            names = [profile.provider for profile in market.providers]
            self._hosts = [ProviderHost() for _ in names]
            for host, name in zip(self._hosts, names, strict=True):
                host.seat(scenario.providers, scenario.electricity, market.seed, {name})

    def step_providers(
        self,
        jobs: Mapping[str, Sequence[Job]],
        until_s: float,
        won: Mapping[str, ChatWin],
        silent: Collection[str],
    ) -> Stepped:
        self.handed_out += [job for handed in jobs.values() for job in handed]
        asked = jobs, until_s, won, silent
        return Stepped([reply for host in self._hosts for reply in host.step(*asked)])


def play(scenario: Scenario, runtime: Watched) -> tuple[Market, list[RoundRecord]]:
    """A trial's market in its last state, and its rounds."""
    market = assemble(scenario, 0)
    runtime.seat(scenario, market)
    return market, list(Trial(scenario, market, runtime).rounds())


LEARNING = small_market(**VARIANTS["everybody learns"])


def test_what_is_learned_does_not_depend_on_who_shares_a_host() -> None:
    together, apart = (play(LEARNING, Watched(alone=alone))[1] for alone in (False, True))
    assert [record.replies for record in together] == [record.replies for record in apart]
    factors = {
        reply.bid.chat / reply.private.cost_usd_per_mtok
        for record in together
        for reply in record.replies
    }
    assert len({round(factor, 6) for factor in factors}) == 5


def test_a_provider_is_told_with_a_chat_turn_what_it_is_paid_and_nothing_with_a_node() -> None:
    runtime = Watched()
    _, records = play(LEARNING, runtime)
    receives = {
        award.request: award.provider_receives_nano
        for record in records
        for reply in record.chat.values()
        for award in reply.awards
    }
    pays = {job.request: job.pays_nano for job in runtime.handed_out if job.kind == CHAT}
    assert pays == receives
    assert max(pays.values()) > 0
    assert {job.pays_nano for job in runtime.handed_out if job.kind == NODE} == {0}


def test_clients_are_told_what_became_of_every_request_and_what_it_cost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: dict[str, tuple[str, int]] = {}
    end = Client.end

    def listen(self: Client, request: str, completion: Completion | None, paid_nano: int) -> None:
        end(self, request, completion, paid_nano)
        if completion is None:
            told[request] = "refused", paid_nano
        else:
            told[request] = "served" if completion.error is None else "failed", paid_nano

    monkeypatch.setattr(Client, "end", listen)
    short = [
        group | {"engine": {"profile": SMALL_RECORD, "max_model_len": 900}} for group in GROUPS
    ]
    scarce = [DIALOGUES | {"rate_per_s": 30}]
    market, records = play(small_market(providers=short, demand=scarce), Watched())
    paid = {
        one.request: one.client_paid_nano
        for record in records
        for reply in record.chat.values()
        for one in reply.settlements
    }
    ends = [end for record in records for end in record.chat_ends]
    assert told == {
        end.open.request.request: (end.status, paid.get(end.open.request.request, 0))
        for end in ends
    }
    assert {status for status, _ in told.values()} == {"served", "failed", "refused"}
    assert max(told.values(), key=lambda one: one[1])[1] > 0
    clients = [market.clients[end.open.request.client] for end in ends]
    assert not any(client._open for client in clients)


@pytest.mark.parametrize("kind", ["truthful", "aggressive", "conservative", "random", "no_regret"])
def test_the_strategy_of_a_panel_changes_nobodys_draws(kind: str) -> None:
    panel = {"panel": {"count": 2, "strategy": {"kind": kind}}}
    paired = small_market(providers=[group | panel for group in GROUPS], clients=panel)
    runs = [play(scenario, Watched()) for scenario in (small_market(), paired)]
    drawn = [
        (
            market.providers,
            [[reply.private.cost_usd_per_mtok for reply in one.replies] for one in records[:10]],
            [
                (chat.turn, market.clients[chat.request.client].valuation)
                for one in records
                for chat in one.arrived
                if chat.turn.turn == 1
            ],
        )
        for market, records in runs
    ]
    assert drawn[0] == drawn[1]
    assert len(drawn[0][2]) > 30


def test_an_answer_is_as_good_as_the_score_on_its_query_wherever_it_is_given() -> None:
    """Providers serve one model here; which of them does, under which mechanism, is no matter."""
    qualities = []
    for mechanism in ("auction", "random"):
        scenario = small_market(
            providers=[SCORED], demand=[DIALOGUES], hubs={"count": 2, "mechanism": mechanism}
        )
        runtime = Watched()
        _, records = play(scenario, runtime)
        tasks = {job.request: job.task for job in runtime.handed_out}
        scores = {"code": [1, 0, 1, 0, 0.5, 0, 1, 0], "law": [0.75, 0, 0.25, 0.5]}
        found = {done.request: done.quality for one in records for done in one.completions}
        for request, quality in found.items():
            task = tasks[request]
            assert task is not None
            assert quality == scores[task.domain][int(task.query * len(scores[task.domain]))]
        qualities.append(found)
    both = qualities[0].keys() & qualities[1].keys()
    assert len(both) > 50
    assert {qualities[0][request] for request in both} == {0, 0.25, 0.5, 0.75, 1}
    assert all(qualities[0][request] == qualities[1][request] for request in both)
