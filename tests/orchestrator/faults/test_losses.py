"""Losses in whole trials; the invariants of all runs are checked by ``run_market``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.chat_bids import ChatWin
from agents.engine import Job
from hubs.host import HubsReply, HubsRound
from market.errors import ParticipantLost
from orchestrator.analysis.logged_run import Rows
from orchestrator.assembly import assemble
from orchestrator.log import read_table
from orchestrator.log.rows import RoundRows, provider_rows
from orchestrator.log.tables import TABLE_OF, TABLES, Row
from orchestrator.runtime import Cleared, InProcess, Stepped
from orchestrator.scenario.model import Scenario
from orchestrator.trial import Trial
from tests.markets import DIALOGUES, GROUPS, WORKFLOWS, run_market, small_market
from tests.orchestrator.test_determinism import COMING_AND_GOING, InThreeHosts

BUSY = {"demand": [DIALOGUES | {"rate_per_s": 12}, WORKFLOWS | {"names": ["S1"]}], "rounds": 14}
DRAWN = {
    "providers": {"mean_up_s": 15},
    "hangs": {"mean_up_s": 25},
    "hubs": {"mean_up_s": 8},
    "deadline_s": 2.5,
    "down_rounds": 2,
}
LOST_IN_7 = ["large-001", "small-000", "small-001", "small-003"]


def market(requests: str = "fail", **faults: Any) -> Scenario:
    return small_market(**BUSY, faults={"requests": requests} | faults)


def listed(round_: int, *names: str, **more: Any) -> dict[str, Any]:
    key = "hub" if names[0] in ("hub-0", "hub-1", "workflow") else "provider"
    return {"listed": [{"round": round_, key: name} | more for name in names]}


def rows(scenario: Scenario, runtime: InProcess | None = None) -> dict[str, Rows]:
    """The rows of a trial; faults without their causes, which ``causes`` has."""
    market, runtime = assemble(scenario, 0), runtime or InProcess()
    runtime.seat(scenario, market)
    tables: dict[str, Rows] = {table: [] for table in TABLES}
    told: list[Row] = list(provider_rows(0, market))
    for record in Trial(scenario, market, runtime).rounds():
        told += RoundRows(scenario, market, 0, record).rows()
    for row in told:
        tables[TABLE_OF[type(row)]].append(row._asdict())
    tables["causes"] = [{"cause": row.pop("cause")} for row in tables["faults"]]
    return tables


def without(table: str, tables: dict[str, Rows]) -> dict[str, Rows]:
    return {name: told for name, told in tables.items() if name not in (table, "causes")}


def statuses(tables: dict[str, Rows], table: str = "requests") -> Counter[str]:
    return Counter(row["status"] for row in tables[table])


class Killed(InProcess):
    """Processes of providers and hubs die by themselves, in given rounds."""

    def __init__(self, providers: Mapping[int, Collection[str]], hubs: Mapping[int, list[str]]):
        super().__init__()
        self._dying = providers
        self._dying_hubs = {number: list(names) for number, names in hubs.items()}
        self.missing = 0

    def step_providers(
        self,
        jobs: Mapping[str, Sequence[Job]],
        until_s: float,
        won: Mapping[str, ChatWin],
        silent: Collection[str],
    ) -> Stepped:
        stepped = super().step_providers(jobs, until_s, won, silent)
        lost = dict.fromkeys(self._dying.get(round(until_s), ()), "killed by signal 9")
        return Stepped(stepped.replies, lost)  # what the lost did in the step counts for nothing

    def renew_providers(self, providers: Collection[str], now_s: float) -> Collection[str]:
        if self.missing:
            self.missing -= 1
            return providers
        return super().renew_providers(providers, now_s)

    def clear_hubs(self, round_: HubsRound) -> Cleared:
        number = (
            round_.workflow.number if round_.workflow else next(iter(round_.chat.values())).number
        )
        lost = self._dying_hubs.pop(number, [])
        reply = super().clear_hubs(round_).reply
        chat = {hub: one for hub, one in reply.chat.items() if hub not in lost}
        workflow = None if "workflow" in lost else reply.workflow
        return Cleared(HubsReply(chat, workflow), dict.fromkeys(lost, "killed by signal 9"))


@pytest.mark.parametrize("requests", ["fail", "reauction"])
def test_a_process_that_dies_in_a_round_and_a_crash_that_is_listed_for_it_are_the_same(
    requests: str,
) -> None:
    died = rows(market(requests), Killed({7: LOST_IN_7}, {}))
    crashed = rows(market(requests, **listed(7, *LOST_IN_7)))
    assert without("", died) == without("", crashed)
    faults = died["faults"]
    assert [(row["round"], row["event"]) for row in faults if row["name"] == "small-000"] == [
        (7, "crash"),
        (10, "back"),
    ]
    assert sum(row["lost"] for row in faults) > 5
    assert {"cause": "killed by signal 9"} in died["causes"]
    assert {"cause": "listed"} in crashed["causes"]


@pytest.mark.parametrize("lost", [["hub-0"], ["workflow"], ["hub-0", "hub-1", "workflow"]])
def test_a_hub_that_dies_as_it_clears_and_one_that_is_listed_are_the_same(
    lost: list[str],
) -> None:
    died = rows(market(), Killed({}, {6: lost}))
    crashed = rows(market(**listed(6, *lost)))
    assert without("", died) == without("", crashed)
    assert [row["name"] for row in died["faults"]] == lost


def test_a_workflow_hub_that_has_learned_nothing_loses_nothing_with_its_memory() -> None:
    """Every round has one that is told all again: what waits, what is under way, who has slots."""
    spared = rows(market())
    crashes = [{"round": number, "hub": "workflow"} for number in range(1, 30)]
    begun_anew = rows(market(listed=crashes))
    assert without("faults", spared) == without("faults", begun_anew)
    assert len(begun_anew["faults"]) >= 14


def test_a_matching_hub_that_begins_anew_keeps_its_contracts_and_who_waits() -> None:
    """Where nothing that is learned decides, only what is predicted differs."""
    random: dict[str, Any] = BUSY | {
        "hubs": {"count": 2, "mechanism": "random", "admission": {"inflight": 2}},
        "clients": {"count": 40},
    }
    spared = rows(small_market(**random))
    crashes = [{"round": n, "hub": hub} for n in range(1, 30) for hub in ("hub-0", "hub-1")]
    anew = rows(small_market(**random, faults={"listed": crashes}))
    assert spared["requests"] == anew["requests"]
    assert spared["completions"] == anew["completions"]
    assert {"refused", "served"} <= statuses(anew).keys()
    for told in (spared, anew):
        told["away"] = [{"turned_away": row["turned_away"]} for row in told["hubs"]]
    assert spared["away"] == anew["away"]
    assert {"turned_away": 1} in anew["away"]
    assert spared["predictions"] != anew["predictions"]


def test_requests_of_a_lost_provider_fail_or_are_auctioned_once_more(tmp_path: Path) -> None:
    failing = rows(market("fail", **DRAWN))
    run = run_market(market("reauction", **DRAWN), tmp_path / "again")
    again = read_table(run, "requests").to_pylist()
    assert statuses(failing)["failed"] > 10
    assert statuses(failing)["reauctioned"] == 0
    assert Counter(row["status"] for row in again)["reauctioned"] > 10
    retries = [row for row in again if row["retry_of"]]
    assert {row["status"] for row in retries} >= {"served", "failed"}
    events = set(read_table(run, "faults")["event"].to_pylist())
    assert events >= {"crash", "hang", "given_up", "back"}


def test_a_second_auction_keeps_what_was_said_and_when() -> None:
    told = rows(market("reauction", **listed(7, *LOST_IN_7)))
    requests = {row["request"]: row for row in told["requests"]}
    retries = [row for row in requests.values() if row["retry_of"]]
    assert len(retries) > 3
    for row in retries:
        first = requests[row["retry_of"]]
        apart = {"request", "round", "arrival_round", "status", "retry_of"}
        assert {key for key in row if row[key] != first[key]} <= apart
        assert (row["arrival_round"], first["round"], first["status"]) == (7, 7, "reauctioned")


def test_a_dialogue_goes_on_after_a_second_auction_and_ends_without() -> None:
    turns = {}
    for requests in ("fail", "reauction"):
        told = rows(market(requests, **listed(4, *LOST_IN_7)))["requests"]
        struck = {row["dialogue"] for row in told if row["status"] in ("failed", "reauctioned")}
        turns[requests] = sum(row["dialogue"] in struck and row["round"] > 5 for row in told)
    assert turns["fail"] == 0 < turns["reauction"]


def test_a_workflow_of_a_lost_provider_is_bought_again_in_the_next_round() -> None:
    larges = [f"large-{number:03d}" for number in range(4)]
    told = rows(market("reauction", **listed(6, *larges), down_rounds=1))
    workflows = {row["workflow"]: row for row in told["workflows"]}
    retries = [row for row in workflows.values() if row["retry_of"]]
    assert retries
    for row in retries:
        first = workflows[row["retry_of"]]
        assert first["status"] == "reauctioned"
        assert first["settled_nano"] == 0
        assert row["awarded_round"] > first["round"]
        nodes = {
            name: [
                (node["node"], node["output_tokens"], node["input_tokens"])
                for node in told["nodes"]
                if node["workflow"] == name
            ]
            for name in (row["workflow"], row["retry_of"])
        }
        assert nodes[row["workflow"]] == nodes[row["retry_of"]]
    assert "served" in {row["status"] for row in retries}


def test_work_for_one_that_is_lost_fails_as_it_arrives() -> None:
    """A workflow goes on elsewhere until its next node is sent to a provider that is gone."""
    slow = WORKFLOWS | {"names": ["S1"], "execution_token_scale": 0.002, "every_rounds": 20}
    spared = rows(small_market(demand=[slow]))
    submitted: dict[str, list[int]] = {}
    for row in spared["completions"]:
        submitted.setdefault(row["provider"], []).append(round(row["submitted_s"]))
    name, first = max(((one, min(at)) for one, at in submitted.items()), key=lambda one: one[1])
    assert first > 6  # bought in round 1, and idle since
    faults = listed(first - 2, name) | {"down_rounds": 8}
    struck = rows(small_market(demand=[slow], faults=faults))
    told = [(row["round"], row["event"], row["lost"]) for row in struck["faults"]]
    lost = submitted[name].count(first)
    assert told[:2] == [(first - 2, "crash", 0), (first + 1, "unreachable", lost)]


def test_who_has_no_process_stays_lost_and_the_market_goes_on() -> None:
    runtime = Killed({7: ["small-000"]}, {})
    runtime.missing = 4
    faults = rows(market(), runtime)["faults"]
    assert [(row["round"], row["event"]) for row in faults] == [(7, "crash"), (14, "back")]


def test_a_hub_that_dies_whenever_it_clears_ends_the_run_with_its_name() -> None:
    class Doomed(Killed):
        def clear_hubs(self, round_: HubsRound) -> Cleared:
            self._dying_hubs = {3: ["hub-1"]}
            return super().clear_hubs(round_)

    with pytest.raises(ParticipantLost, match="hub-1 was lost 3 times as it cleared: killed by"):
        rows(market(), Doomed({}, {}))


def test_a_hub_may_be_lost_more_than_once_in_a_round(tmp_path: Path) -> None:
    """It is lost before it is asked, and dies as it clears; the log says both."""
    dying = Killed({}, {6: ["hub-0", "workflow"]})
    run = run_market(market(**listed(6, "hub-0", "workflow")), tmp_path / "run", runtime=dying)
    faults = Counter(row["name"] for row in read_table(run, "faults").to_pylist())
    assert faults == {"hub-0": 2, "workflow": 2}


def test_a_node_sent_to_a_lost_provider_is_the_first_that_warms_it_when_it_is_back(
    tmp_path: Path,
) -> None:
    """It was sent at the end of the last round of the absence, so it comes as the provider is."""
    slow = WORKFLOWS | {"names": ["S1"], "execution_token_scale": 0.002, "every_rounds": 20}
    spared = rows(small_market(demand=[slow]))
    submitted: dict[str, list[int]] = {}
    for row in spared["completions"]:
        submitted.setdefault(row["provider"], []).append(round(row["submitted_s"]))
    name, first = max(((one, min(at)) for one, at in submitted.items()), key=lambda one: one[1])
    faults = listed(first, name) | {"down_rounds": 1}
    run = run_market(small_market(demand=[slow], faults=faults), tmp_path / "run")
    done = [row for row in read_table(run, "completions").to_pylist() if row["provider"] == name]
    assert (done[0]["submitted_s"], done[0]["error"], done[0]["cached_tokens"]) == (first, None, 0)


EARLY_AND_LATE: dict[str, tuple[int, dict[str, Any]]] = {
    "the first round": (1, {}),
    "the last that has demand": (14, {}),
    "the drain": (16, {}),
}


@pytest.mark.parametrize(("number", "more"), EARLY_AND_LATE.values(), ids=EARLY_AND_LATE.keys())
def test_everyone_at_once_can_be_lost_in(number: int, more: dict[str, Any], tmp_path: Path) -> None:
    everyone = [f"{group['name']}-{n:03d}" for group in GROUPS for n in range(group["count"])]
    hubs = [{"round": number, "hub": hub} for hub in ("hub-0", "hub-1", "workflow")]
    providers = [{"round": number, "provider": name} for name in everyone]
    stated = {"kind": "truncated_normal", "mean": 3.0, "deviation": 2.0, "low": 0.2, "high": 9.0}
    scenario = small_market(
        **BUSY | {"providers": [GROUPS[0], GROUPS[1] | {"prior": stated}]},
        faults={"requests": "reauction", "listed": hubs + providers},
    )
    run = run_market(scenario, tmp_path / "run")
    assert Counter(read_table(run, "faults")["event"].to_pylist())["crash"] == 15
    absent = [row for row in read_table(run, "bids").to_pylist() if row["absence"] == "lost"]
    assert {row["round"] for row in absent} == {number, number + 1, number + 2}
    assert {row["load"] for row in absent} == {0.0}


def test_a_loss_in_the_very_last_round_is_settled_without_a_second_auction() -> None:
    endless = small_market(
        drain_rounds=20,
        demand=[WORKFLOWS | {"names": ["S2"], "execution_token_scale": 0.04}],
        faults={"requests": "reauction"},
    )
    everyone = [f"large-{number:03d}" for number in range(4)]
    told = rows(endless, Killed({30: everyone}, {}))
    assert set(statuses(told, "workflows")) == {"failed"}
    assert {row["error"] for row in told["completions"]} >= {"provider lost", None}


def test_what_an_engine_refuses_is_not_auctioned_again() -> None:
    tiny = GROUPS[0]["engine"] | {"max_model_len": 600}
    scenario = small_market(
        **BUSY | {"providers": [GROUPS[0] | {"engine": tiny}, GROUPS[1]]},
        faults={"requests": "reauction"},
    )
    ended = statuses(rows(scenario))
    assert ended["failed"] > 0
    assert ended["reauctioned"] == 0


LEARNING = GROUPS[0] | COMING_AND_GOING | {"strategy": {"kind": "no_regret"}}
KEPT = LEARNING | {"outages": {"kind": "listed", "periods": [[3, 5], [9, 10]]}}


class Apart(InThreeHosts):
    """Every third provider in one host, in which it begins anew too."""

    def renew_providers(self, providers: Collection[str], now_s: float) -> Collection[str]:
        for host in self._hosts:
            host.renew(providers, now_s)
        return ()


def test_rows_do_not_depend_on_where_providers_live_that_break_down() -> None:
    scenario = small_market(
        **BUSY | {"providers": [LEARNING, GROUPS[1]]}, faults=DRAWN | {"requests": "reauction"}
    )
    assert rows(scenario) == rows(scenario, Apart())


def test_a_trial_goes_on_with_all_that_it_knows_of_faults() -> None:
    """Frozen between any two rounds, with some lost, some hung and some auctioned again."""
    scenario = small_market(
        **BUSY | {"providers": [KEPT, GROUPS[1]]}, faults=DRAWN | {"requests": "reauction"}
    )
    runtime = InProcess()
    whole = Trial(scenario, assemble(scenario, 0), runtime)
    runtime.seat(scenario, whole.market)
    told, cuts = [], []
    for record in whole.rounds():
        told.append((record.replies, record.completions, record.chat_ends, record.faults))
        cuts.append((whole.freeze(), runtime.freeze()))
    for after in range(3, len(cuts), 4):
        there = InProcess()
        resumed = Trial(scenario, assemble(scenario, 0), there)
        there.seat(scenario, resumed.market)
        resumed.thaw(cuts[after][0])
        there.thaw(cuts[after][1])
        again = [(r.replies, r.completions, r.chat_ends, r.faults) for r in resumed.rounds()]
        assert again == told[after + 1 :]


def test_a_client_that_learns_hears_once_of_each_turn() -> None:
    scenario = small_market(
        **BUSY,
        clients={"count": 30, "strategy": {"kind": "no_regret"}},
        faults=DRAWN | {"requests": "reauction"},
    )
    runtime = InProcess()
    trial = Trial(scenario, assemble(scenario, 0), runtime)
    runtime.seat(scenario, trial.market)
    ended = [end for record in trial.rounds() for end in record.chat_ends]
    assert any(end.reauctioned for end in ended)
    clients = {trial.market.clients[end.open.request.client] for end in ended}
    assert not any(client._open for client in clients)
