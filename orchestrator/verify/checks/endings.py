"""Every request and workflow ends once, and what rounds and hubs count is what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from market.messages import Valuation
from orchestrator.analysis.logged_run import Rows
from orchestrator.verify.findings import Findings
from orchestrator.verify.trial_log import TrialLog, grouped

#: How a request or a workflow may end.
ENDINGS = ("served", "refused", "failed", "reauctioned")


def each_request_ends_once(log: TrialLog, found: Findings) -> None:
    """Whoever was refused has no award; all others one, one completion and one settlement."""
    parts = {
        table: grouped(log.of_kind(table, "chat"), "request")
        for table in ("awards", "completions", "settlements")
    }
    for name, row in log.requests.items():
        known = row["status"] in ENDINGS
        found.require(known, "requests", row, "status", f"one of {', '.join(ENDINGS)}")
        expected = 0 if row["status"] == "refused" else 1
        for table, by_request in parts.items():
            if len(by_request[name]) != expected:
                told = f"{len(by_request[name])} in {table}"
                found.add("requests", row, "status", row["status"], f"not that with {told}")
                break
        else:
            if expected:
                _ended_as_told(row, {table: rows[name][0] for table, rows in parts.items()}, found)
    for table, by_request in parts.items():
        for name, rows in by_request.items():
            if rows and name not in log.requests and (log.over or table != "awards"):
                found.add(table, rows[0], "request", name, "one that ended, in requests")


def _ended_as_told(
    row: Mapping[str, Any], parts: Mapping[str, Mapping[str, Any]], found: Findings
) -> None:
    """The rows of a request that was awarded say the same."""
    award, done, settled = parts["awards"], parts["completions"], parts["settlements"]
    failed = row["status"] != "served"
    found.expect("settlements", settled, "void", failed)
    if failed != (done["error"] is not None):
        found.add("completions", done, "error", done["error"], f"not that of one {row['status']}")
    for table, column, expected in (
        ("awards", "client", row["client"]),
        ("awards", "hub", row["hub"]),
        ("settlements", "client", row["client"]),
        ("settlements", "hub", row["hub"]),
        ("settlements", "provider", award["provider"]),
        ("settlements", "round", row["round"]),
        ("completions", "provider", award["provider"]),
        ("completions", "round", row["round"]),
    ):
        found.expect(table, parts[table], column, expected)
    first = row["arrival_round"]
    found.require(award["round"] >= first, "awards", award, "round", f"{first} or later")
    later = award["round"] <= row["round"]
    found.require(later, "requests", row, "round", f"{award['round']} or later")


def requests_are_named_by_their_turn(log: TrialLog, found: Findings) -> None:
    """An id is its dialogue's and its turn's; arrivals lie in their round."""
    round_s = log.scenario.round_s
    for row in log.requests.values():
        own = row["request"].split("~")[0]
        named = f"{row['dialogue']}.{row['turn']}"
        found.require(own == named, "requests", row, "turn", f"that of {own}")
        if row["retry_of"] is None:
            now_s = row["arrival_round"] * round_s
            inside = now_s - round_s - 1e-9 <= row["arrival_s"] <= now_s + 1e-9
            found.require(inside, "requests", row, "arrival_s", f"one in the round to {now_s}")
        done = log.done.get(row["request"])
        if done is not None and done["error"] is None and row["prompt_tokens"]:
            found.expect("completions", done, "prompt_tokens", row["prompt_tokens"])


def retries_follow_from_losses(log: TrialLog, found: Findings) -> None:
    """What is auctioned again is so once, is the same request, and nothing else is."""
    alike = ["client", "dialogue", "turn", "hub", "domain", "difficulty", "arrival_s"]
    reported = [f"reported_{name}" for name in Valuation.__slots__]
    _retries(log, "requests", [*alike, "prompt_tokens", *reported], found)
    _retries(log, "workflows", ["client", "name", "arrival_s"], found)
    for row in log.requests.values():
        if row["retry_of"] in log.requests:
            found.expect("requests", row, "arrival_round", log.requests[row["retry_of"]]["round"])


def _retries(log: TrialLog, table: str, alike: list[str], found: Findings) -> None:
    key = table[:-1]
    rows = {row[key]: row for row in log.tables[table]}
    again: Counter[str] = Counter(row["retry_of"] for row in rows.values() if row["retry_of"])
    for name, row in rows.items():
        times = again[name] if log.over else min(again[name], 1)
        lost = row["status"] == "reauctioned"
        wanted = int(lost) if log.over or again[name] else 0
        if times != wanted:
            found.add(table, row, "status", row["status"], f"not that with {times} retries")
        if lost:
            found.expect(table, row, "retry_of", None)
        if row["retry_of"] is None:
            found.require("~" not in name, table, row, key, "one that is no retry")
            continue
        found.expect(table, row, key, f"{row['retry_of']}~2")
        first = rows.get(row["retry_of"])
        if first is None:
            found.add(table, row, "retry_of", row["retry_of"], "one that was reauctioned")
            continue
        for column in alike:
            found.expect(table, row, column, first[column])


def rounds_count_their_requests(log: TrialLog, found: Findings) -> None:
    """The counts of a round and of its hubs are those of the rows."""
    ended = Counter((row["round"], row["status"]) for row in log.requests.values())
    awarded = Counter(row["round"] for row in log.of_kind("awards", "chat"))
    completed = Counter(row["round"] for row in log.of_kind("completions", "chat"))
    graded: Counter[int] = Counter()
    right: Counter[int] = Counter()
    for row in log.requests.values():
        done = log.done.get(row["request"])
        if done is not None and done["quality"] is not None:
            graded[row["round"]] += 1
            right[row["round"]] += row["guessed_domain"] == row["domain"]
    hubs = grouped(log.tables["hubs"], "round")
    inflight = 0
    for row in log.tables["rounds"]:
        round_ = row["round"]
        inflight += awarded[round_] - completed[round_]
        for status in ENDINGS:
            found.expect("rounds", row, status, ended[round_, status])
        found.expect("rounds", row, "inflight", inflight)
        found.expect("rounds", row, "classified", graded[round_])
        found.expect("rounds", row, "classified_right", right[round_])
        for column in ("awarded", "refused", "arrived", "reported_welfare_nano"):
            found.expect("rounds", row, column, sum(hub[column] for hub in hubs[round_]))


def hubs_count_their_requests(log: TrialLog, found: Findings) -> None:
    """Arrivals and refusals by hub; while a trial goes on, arrivals are at least those known."""
    arrived = Counter((row["arrival_round"], row["hub"]) for row in log.requests.values())
    refused: Counter[tuple[int, str]] = Counter()
    at_once: Counter[tuple[int, str]] = Counter()
    for row in log.requests.values():
        if row["status"] == "refused":
            refused[row["round"], row["hub"]] += 1
            at_once[row["round"], row["hub"]] += row["round"] == row["arrival_round"]
    for row in log.tables["hubs"]:
        key = row["round"], row["hub"]
        found.expect("hubs", row, "refused", refused[key])
        away = row["turned_away"]
        found.require(0 <= away <= at_once[key], "hubs", row, "turned_away", f"0 to {at_once[key]}")
        if log.scenario.hubs.patience_rounds > 1:
            found.expect("hubs", row, "turned_away", at_once[key])
        if log.over:
            found.expect("hubs", row, "arrived", arrived[key])
        elif row["arrived"] < arrived[key]:
            found.add("hubs", row, "arrived", row["arrived"], f"at least {arrived[key]}")


def each_workflow_ends_once(log: TrialLog, found: Findings) -> None:
    """Whoever was bought has an auction, awards to its winners, and settlements of all of them."""
    settlements = grouped(log.of_kind("settlements", "workflow"), "request")
    for name, auction in log.auctions.items():
        _bought_as_told(log, name, auction, found)
    ended = {row["workflow"]: row for row in log.tables["workflows"]}
    for name, row in ended.items():
        _workflow_ended(log, row, settlements[name], found)
    for name, auction in log.auctions.items():
        if log.over and name not in ended:
            found.add("auctions", auction, "workflow", name, "one that ended, in workflows")
    bought = set(log.auctions)
    for table, names in (
        ("awards", log.workflow_awards),
        ("nodes", log.nodes),
        ("edges", log.edges),
        ("settlements", settlements),
    ):
        for name, rows in names.items():
            if rows and name not in bought:
                key = "request" if table in ("awards", "settlements") else "workflow"
                found.add(table, rows[0], key, name, "one that was bought, in auctions")


def _bought_as_told(log: TrialLog, name: str, auction: dict[str, Any], found: Findings) -> None:
    """An auction, its awards, nodes and edges say the same."""
    awards = log.workflow_awards.get(name, [])
    winners = {node["provider"] for node in log.nodes[name]}
    if winners != {award["provider"] for award in awards}:
        told = f"awards to {', '.join(sorted(winners))}"
        found.add("auctions", auction, "winners", auction["winners"], told)
    found.expect("auctions", auction, "winners", len(winners))
    paid = sum(award["client_pays_nano"] for award in awards)
    found.expect("auctions", auction, "payment_nano", paid)
    inside = winners <= set(auction["bidders"])
    found.require(inside, "auctions", auction, "bidders", "all winners among them")
    for award in awards:
        for column in ("round", "client"):
            found.expect("awards", award, column, auction[column])
        found.expect("awards", award, "hub", "workflow")
    for table, rows in (("nodes", log.nodes[name]), ("edges", log.edges[name])):
        for row in rows:
            found.expect(table, row, "round", auction["round"])


def _workflow_ended(log: TrialLog, row: dict[str, Any], settled: Rows, found: Findings) -> None:
    name = row["workflow"]
    known = row["status"] in ENDINGS
    found.require(known, "workflows", row, "status", f"one of {', '.join(ENDINGS)}")
    if row["status"] == "refused":
        none = name not in log.auctions and not settled
        found.require(none, "workflows", row, "status", "one that fits its auction")
        found.expect("workflows", row, "awarded_round", None)
        return
    auction = log.auctions[name]
    for column in ("name", "client"):
        found.expect("workflows", row, column, auction[column])
    found.expect("workflows", row, "awarded_round", auction["round"])
    winners = [award["provider"] for award in log.workflow_awards.get(name, [])]
    if [one["provider"] for one in settled] != winners:
        found.add("workflows", row, "status", row["status"], "a settlement for every winner")
    for one in settled:
        found.expect("settlements", one, "void", row["status"] != "served")
        found.expect("settlements", one, "round", row["round"])
        found.expect("settlements", one, "client", row["client"])
        found.expect("settlements", one, "hub", "workflow")
    if row["status"] == "served":
        for node in log.nodes[name]:
            found.expect("completions", log.done[f"{name}/{node['node']}"], "error", None)


def nodes_run_where_they_were_bought(log: TrialLog, found: Findings) -> None:
    """A completion of a node is by the winner of that node, after its parents'."""
    where = {f"{row['workflow']}/{row['node']}": row for row in log.tables["nodes"]}
    round_s = log.scenario.round_s
    for row in log.tables["completions"]:
        if row["kind"] != "node":
            award = log.chat_awards[row["request"]]
            submitted = award["round"] * round_s
            if row["error"] is None:
                found.expect("completions", row, "submitted_s", submitted)
            continue
        found.expect("completions", row, "kind", "node")
        found.expect("completions", row, "realized_value_nano", None)
        found.expect("completions", row, "quality", None)
        if row["request"] not in where:
            found.add("completions", row, "request", row["request"], "a node, in nodes")
            continue
        node = where[row["request"]]
        found.expect("completions", row, "provider", node["provider"])
        steps = row["submitted_s"] / round_s
        on_round = abs(steps - round(steps)) < 1e-6 and node["round"] <= round(steps)
        found.require(on_round, "completions", row, "submitted_s", "the end of a round, since")
