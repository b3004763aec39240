"""How far a run has come, and what has come of it so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from market.money import usd
from orchestrator.faults.events import CRASH, HANG
from orchestrator.log import read_table
from orchestrator.records import RoundRecord

#: The stage of a run on Ray before its first round, while its participants find their places.
SEATING = "seating"

#: The events that are losses of participants; what follows from one is no further loss.
LOSSES = (CRASH, HANG)


@dataclass(frozen=True)
class Tally:
    """What one trial under one mechanism has come to, added up from its rounds.

    ``served``, ``refused`` and ``failed`` are chat requests, those that are auctioned again not
    counted before they end for good; likewise of workflows. ``reported_welfare_nano`` is predicted
    value less cost at the bids over all matches of the chat market, which is what its clearings
    maximise; what answers are truly worth is known to their clients only. ``losses`` counts
    providers, hubs and orchestrators that crashed or hung.
    """

    served: int = 0
    refused: int = 0
    failed: int = 0
    workflows_served: int = 0
    workflows_refused: int = 0
    workflows_failed: int = 0
    reported_welfare_nano: int = 0
    losses: int = 0

    @property
    def reported_welfare_usd(self) -> float:
        """The same in USD."""
        return float(usd(self.reported_welfare_nano))

    def after(self, record: RoundRecord) -> Tally:
        """The tally with one more round in it."""
        chats = Counter(end.status for end in record.chat_ends)
        workflows = Counter(status for _, status in record.workflow_ends)
        awards = (award for reply in record.chat.values() for award in reply.awards)
        welfare = sum(award.value_nano - award.cost_nano for award in awards)
        return Tally(
            served=self.served + chats["served"],
            refused=self.refused + chats["refused"],
            failed=self.failed + chats["failed"],
            workflows_served=self.workflows_served + workflows["served"],
            workflows_refused=self.workflows_refused + workflows["refused"],
            workflows_failed=self.workflows_failed + workflows["failed"],
            reported_welfare_nano=self.reported_welfare_nano + welfare,
            losses=self.losses + sum(fault.event in LOSSES for fault in record.faults),
        )


@dataclass(frozen=True)
class Advance:
    """How far a run has come: ``rounds`` of demand are over, those that only drain not counted.

    ``stage`` says under which mechanism and in which trial it is, whose ``tally`` it is.
    """

    stage: str
    rounds: int
    tally: Tally = field(default_factory=Tally)


def logged_tally(run: Path, trial: int) -> Tally:
    """What a trial has come to by its log, for one that is gone on with.

    Raises ``BadInput`` where a part of the log is unreadable.
    """
    columns = ["trial", "served", "refused", "failed", "reported_welfare_nano"]
    rounds = [row for row in _rows(run, "rounds", columns) if row["trial"] == trial]
    ended = _rows(run, "workflows", ["trial", "status"])
    workflows = Counter(row["status"] for row in ended if row["trial"] == trial)
    faults = _rows(run, "faults", ["trial", "event"])
    return Tally(
        **{name: sum(row[name] for row in rounds) for name in columns[1:]},
        workflows_served=workflows["served"],
        workflows_refused=workflows["refused"],
        workflows_failed=workflows["failed"],
        losses=sum(row["trial"] == trial and row["event"] in LOSSES for row in faults),
    )


def _rows(run: Path, table: str, columns: list[str]) -> list[dict[str, Any]]:
    return list(read_table(run, table, columns).to_pylist())
