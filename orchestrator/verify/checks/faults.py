"""Losses: who breaks down is absent, fails what it had, and comes back with nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from orchestrator.analysis.logged_run import Rows
from orchestrator.faults.events import (
    BACK,
    CRASH,
    GIVEN_UP,
    HANG,
    HUB,
    HUNG,
    LOST,
    ORCHESTRATOR,
    PROVIDER,
    PROVIDER_LOST,
    UNREACHABLE,
)
from orchestrator.verify.findings import Findings
from orchestrator.verify.trial_log import TrialLog, grouped

#: What may befall a provider in each state, None while it is up, and the state that follows.
FOLLOWS: dict[tuple[str | None, str], str | None] = {
    (None, HANG): HUNG,
    (None, CRASH): LOST,
    (HUNG, CRASH): LOST,
    (HUNG, GIVEN_UP): LOST,
    (LOST, UNREACHABLE): LOST,
    (LOST, BACK): None,
}


def faults_follow_each_other(log: TrialLog, found: Findings) -> None:
    """Whoever is hung or lost says so in its bids from that round on, and completes nothing."""
    absent = _absences(log, found)
    for bid in log.tables["bids"]:
        state = absent.get(bid["provider"], {}).get(bid["round"])
        if state is None:
            up = bid["absence"] not in (HUNG, LOST)
            found.require(up, "bids", bid, "absence", "none of a fault")
        else:
            found.expect("bids", bid, "absence", state)
    for done in log.tables["completions"]:
        if done["error"] is None and done["round"] in absent.get(done["provider"], {}):
            found.add("completions", done, "error", None, f"{PROVIDER_LOST!r}, as the provider is")


def _absences(log: TrialLog, found: Findings) -> dict[str, dict[int, str]]:
    """By provider and round, how it is absent by faults."""
    events = grouped(log.tables["faults"], "participant", "name")
    hang_rounds = log.scenario.faults.hang_rounds(log.scenario.round_s)
    absent: dict[str, dict[int, str]] = {}
    for (participant, name), rows in events.items():
        if participant in (HUB, ORCHESTRATOR):
            _began_anew(rows, found)
            continue
        if participant != PROVIDER:
            continue
        if name not in log.providers:
            found.add("faults", rows[0], "name", name, "a provider")
        state: str | None = None
        since = 0
        by_round: dict[int, str] = {}
        for row in rows:
            if (state, row["event"]) not in FOLLOWS:
                found.add("faults", row, "event", row["event"], f"one that follows {state or 'up'}")
                break
            if row["event"] == GIVEN_UP:
                found.expect("faults", row, "round", since + hang_rounds)
            if state is not None:
                by_round |= dict.fromkeys(range(since, row["round"]), state)
            state, since = FOLLOWS[state, row["event"]], row["round"]
        if state is not None:
            by_round |= dict.fromkeys(range(since, log.last_round + 1), state)
        absent[name] = by_round
    return absent


def _began_anew(rows: Rows, found: Findings) -> None:
    for row in rows:
        found.expect("faults", row, "event", CRASH)
        found.expect("faults", row, "lost", 0)
        found.expect("faults", row, "reauctioned", 0)


def losses_are_counted(log: TrialLog, found: Findings) -> None:
    """What failed by a loss is counted by it, by round and provider; so is what is reauctioned."""
    again = {name for name, row in log.requests.items() if row["status"] == "reauctioned"}
    lost: Counter[tuple[int, str]] = Counter()
    reauctioned: Counter[tuple[int, str]] = Counter()
    one_of: dict[tuple[int, str], dict[str, Any]] = {}
    for done in log.tables["completions"]:
        if done["error"] == PROVIDER_LOST:
            key = done["round"], done["provider"]
            lost[key] += 1
            reauctioned[key] += done["request"] in again
            one_of[key] = done
    told: dict[tuple[int, str], Rows] = defaultdict(list)
    for row in log.tables["faults"]:
        if row["participant"] == PROVIDER:
            told[row["round"], row["name"]].append(row)
    for key, rows in told.items():
        for column, counts in (("lost", lost), ("reauctioned", reauctioned)):
            if sum(row[column] for row in rows) != counts[key]:
                found.add("faults", rows[0], column, rows[0][column], f"{counts[key]} in the round")
    for key, done in one_of.items():
        found.require(key in told, "completions", done, "error", "no loss where there is no fault")


def only_losses_are_auctioned_again(log: TrialLog, found: Findings) -> None:
    """And only where the scenario says so."""
    again = {name for name, row in log.requests.items() if row["status"] == "reauctioned"}
    if not log.scenario.faults.reauctions:
        for table in ("requests", "workflows"):
            for row in log.tables[table]:
                once = row["status"] != "reauctioned"
                found.require(once, table, row, "status", "not that, as nothing is reauctioned")
    for name in again:
        if log.done[name]["error"] != PROVIDER_LOST:
            error = log.done[name]["error"]
            found.add("completions", log.done[name], "error", error, PROVIDER_LOST)


def a_lost_cache_is_cold(log: TrialLog, found: Findings) -> None:
    """Of the first jobs of a provider that is back, one found nothing cached.

    They were sent to it before it was back, at the end of the round before, or later.
    """
    submitted = grouped(log.tables["completions"], "provider")
    round_s = log.scenario.round_s
    for row in log.tables["faults"]:
        if row["event"] != BACK:
            continue
        since_s = (row["round"] - 1.5) * round_s
        after = [done for done in submitted[row["name"]] if done["submitted_s"] > since_s]
        first_s = min((done["submitted_s"] for done in after), default=0.0)
        first = [done for done in after if done["submitted_s"] == first_s]
        known = log.over and all(done["error"] is None for done in first)
        if first and known and all(done["cached_tokens"] for done in first):
            found.add("completions", first[0], "cached_tokens", first[0]["cached_tokens"], "0")
