"""The rows that must be there, once, in their order, whatever happened."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from orchestrator.faults.events import PROVIDER
from orchestrator.verify.findings import KEYS, Findings
from orchestrator.verify.trial_log import TrialLog, grouped

#: Written before the first round, with the number of the round in which they hold from then on.
_ONCE = {"providers": 0, "priors": 1}

#: Columns that name a round.
_ROUNDS = ("round", "arrival_round", "awarded_round")


def rows_are_of_rounds_that_there_were(log: TrialLog, found: Findings) -> None:
    """No column that names a round names one that is not there: nothing else is looked at then."""
    for table, rows in log.tables.items():
        columns = [name for name in _ROUNDS if rows and name in rows[0]]
        for row in rows:
            for column in columns:
                number = row[column]
                there = number is None or 0 <= number <= log.last_round
                found.require(there, table, row, column, f"0 to {log.last_round}")


def rows_are_there_once(log: TrialLog, found: Findings) -> None:
    """Nothing names two rows of a table, and rows follow each other by rounds."""
    for table, rows in log.tables.items():
        seen: set[tuple[object, ...]] = set()
        before = 0
        for row in rows:
            key = tuple(row[column] for column in KEYS[table])
            once = key not in seen or _may_be_repeated(table, row)
            found.require(once, table, row, "", "one row of that name")
            seen.add(key)
            found.require(row["round"] >= before, table, row, "round", f"{before} or later")
            before = row["round"]
            if table in _ONCE:
                found.expect(table, row, "round", _ONCE[table])


def _may_be_repeated(table: str, row: Mapping[str, Any]) -> bool:
    """A hub that is lost while it clears begins anew in the same round, and may be lost again."""
    return table == "faults" and row["participant"] != PROVIDER


def every_round_has_its_rows(log: TrialLog, found: Findings) -> None:
    """Of every round there is one row, of every participant in it one, in their order."""
    wanted = {
        "rounds": [""],
        "timings": [""],
        "bids": list(log.providers),
        "hubs": [f"hub-{number}" for number in range(log.scenario.hubs.count)],
    }
    column = {"bids": "provider", "hubs": "hub"}
    for table, names in wanted.items():
        by_round = grouped(log.tables[table], "round")
        for round_ in range(1, log.last_round + 1):
            have = [row[column[table]] if table in column else "" for row in by_round[round_]]
            at = {"round": round_}
            for name, other in itertools.zip_longest(names, have):
                if name != other:
                    found.add(table, at, "", f"{other or 'no row'}", f"a row {name or 'less'}")
                    break
    if log.over:
        least = log.scenario.rounds
        most = least + log.scenario.drain_rounds
        if not least <= log.last_round <= most:
            found.add("rounds", {}, "", f"{log.last_round} rounds", f"{least} to {most}")


def rounds_end_on_time(log: TrialLog, found: Findings) -> None:
    """The end of a round and the factor on costs follow from the scenario."""
    for row in log.tables["rounds"]:
        now_s = row["round"] * log.scenario.round_s
        found.expect("rounds", row, "time_s", now_s)
        factor = log.scenario.electricity.factor(now_s)
        found.expect("rounds", row, "electricity_factor", factor, near=1e-12)
    for row in log.tables["timings"]:
        for column in ("engines_s", "routing_s", "hubs_s", "log_s"):
            found.require(row[column] >= 0, "timings", row, column, "no less than 0")


def completions_come_in_order(log: TrialLog, found: Findings) -> None:
    """Those that were served come by their finish, within their round, and make sense."""
    round_s = log.scenario.round_s
    simulated = not any(group.engine.is_real for group in log.scenario.providers)
    before: tuple[object, ...] = ()
    for row in log.tables["completions"]:
        ttft_s, submitted_s, finish_s = row["ttft_s"], row["submitted_s"], row["finish_s"]
        found.require(ttft_s >= 0, "completions", row, "ttft_s", "no less than 0")
        least = submitted_s + ttft_s - 1e-9
        found.require(finish_s >= least, "completions", row, "finish_s", f"at least {least}")
        if row["error"] is not None:
            found.expect("completions", row, "realized_cost_nano", 0)
            found.expect("completions", row, "quality", None)
            found.expect("completions", row, "length_tokens", None)
            continue
        key = (row["round"], finish_s, row["provider"], row["request"])
        found.require(key >= before, "completions", row, "finish_s", "one that follows the last")
        before = key
        tokens = row["output_tokens"]
        found.require(tokens >= 1, "completions", row, "output_tokens", "at least 1")
        found.require(row["realized_cost_nano"] >= 0, "completions", row, "realized_cost_nano", "0")
        cached, prompt = row["cached_tokens"], row["prompt_tokens"]
        within = cached is None or 0 <= cached < prompt
        found.require(within, "completions", row, "cached_tokens", f"0 to {prompt} less one")
        decoding_s = finish_s - submitted_s - ttft_s
        _near_s(found, row, "tpot_s", decoding_s / max(1, tokens - 1))
        if simulated:
            now_s = row["round"] * round_s
            on_time = now_s - round_s - 1e-9 <= finish_s <= now_s + 1e-9
            found.require(on_time, "completions", row, "finish_s", f"one in the round to {now_s}")
        if row["kind"] == "chat":
            found.expect("completions", row, "length_tokens", None)


def _near_s(found: Findings, row: dict[str, float], column: str, expected: float) -> None:
    """Seconds that were told by a difference of two times of the trial."""
    if abs(row[column] - expected) > 1e-9 * max(1.0, row["finish_s"]):
        found.add("completions", row, column, row[column], repr(expected))
