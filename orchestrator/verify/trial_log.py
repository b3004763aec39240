"""The log of one trial, as checks look at it: rows by what names them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from orchestrator.analysis.logged_run import Keyed, LoggedRun, Rows
from orchestrator.log.reader import read_pieces
from orchestrator.log.tables import TABLES
from orchestrator.scenario.model import Scenario

#: Read clearing by clearing: a list over providers in every cell.
STREAMED = ("predictions",)

#: Looked at by their digests alone.
UNREAD = ("digests",)


class VerifiedRun(LoggedRun):
    """The log of a run that is verified.

    Args:
        path: the run's directory.
        until: the trial and the round after which nothing is looked at, of a log that still grows.
    """

    def __init__(self, path: Path, until: tuple[int, int] | None = None):
        super().__init__(path)
        self._until = until

    def table(self, name: str) -> pa.Table:
        """A whole table; raises ``BadInput`` if a part of it cannot be read."""
        if name not in self._tables:
            self._tables[name] = self._known(super().table(name))
        return self._tables[name]

    def pieces(self, table: str) -> Iterator[pa.Table]:
        """A table in the order of writing, a bounded number of rows at a time.

        Raises ``BadInput`` if a part of it cannot be read.
        """
        yield from map(self._known, read_pieces(self.path, table))

    def _known(self, rows: pa.Table) -> pa.Table:
        if self._until is None:
            return rows
        trial, round_ = self._until
        now = (pc.field("trial") == trial) & (pc.field("round") <= round_)
        return rows.filter((pc.field("trial") < trial) | now)


class TrialLog:
    """One trial.

    Args:
        scenario: what was run.
        trial: its number.
        tables: its rows, but for those of predictions.
        over: whether the trial has come to its end, so that nothing may be open.
    """

    def __init__(
        self, scenario: Scenario, trial: int, tables: Mapping[str, Rows], *, over: bool = True
    ):
        self.scenario = scenario
        self.trial = trial
        self.tables = tables
        self.over = over

    @classmethod
    def read(cls, run: LoggedRun, trial: int, *, over: bool) -> TrialLog:
        """The rows of a trial; raises ``BadInput`` if a part of them cannot be read."""
        tables = {
            table: run.table(table).filter(pc.field("trial") == trial).to_pylist()
            for table in TABLES
            if table not in STREAMED + UNREAD
        }
        return cls(run.description.scenario, trial, tables, over=over)

    def of_kind(self, table: str, kind: str) -> Rows:
        """The rows of a table that are of one kind of work."""
        return [row for row in self.tables[table] if row["kind"] == kind]

    @cached_property
    def last_round(self) -> int:
        """The last round that was logged; bounded by the rows, whatever a row says."""
        rows = self.tables["rounds"]
        return min(max((row["round"] for row in rows), default=0), 2 * len(rows))

    @cached_property
    def requests(self) -> Mapping[str, dict[str, Any]]:
        """The chat requests that have ended, by id."""
        return Keyed("requests", ((row["request"], row) for row in self.tables["requests"]))

    @cached_property
    def providers(self) -> Mapping[str, dict[str, Any]]:
        """The providers by id."""
        return Keyed("providers", ((row["provider"], row) for row in self.tables["providers"]))

    @cached_property
    def members(self) -> Mapping[str, list[str]]:
        """The providers of every matching hub, in the order of columns."""
        members: dict[str, list[str]] = defaultdict(list)
        for row in self.tables["providers"]:
            if row["hub"] is not None:
                members[row["hub"]].append(row["provider"])
        return members

    @cached_property
    def chat_awards(self) -> Mapping[str, dict[str, Any]]:
        """The awards of chat requests, by request."""
        rows = self.of_kind("awards", "chat")
        return Keyed("awards", ((row["request"], row) for row in rows))

    @cached_property
    def awards(self) -> Mapping[tuple[str, str], dict[str, Any]]:
        """All awards, by request or workflow, and provider."""
        rows = self.tables["awards"]
        return Keyed("awards", (((row["request"], row["provider"]), row) for row in rows))

    @cached_property
    def workflow_awards(self) -> Mapping[str, Rows]:
        """The parts of every workflow that was bought."""
        return grouped(self.of_kind("awards", "workflow"), "request")

    @cached_property
    def done(self) -> Mapping[str, dict[str, Any]]:
        """What came of every request and node."""
        return Keyed("completions", ((row["request"], row) for row in self.tables["completions"]))

    @cached_property
    def bids(self) -> Mapping[tuple[int, str], dict[str, Any]]:
        """The bids, by round and provider."""
        rows = self.tables["bids"]
        return Keyed("bids", (((row["round"], row["provider"]), row) for row in rows))

    @cached_property
    def auctions(self) -> Mapping[str, dict[str, Any]]:
        """The auctions, by workflow."""
        return Keyed("auctions", ((row["workflow"], row) for row in self.tables["auctions"]))

    @cached_property
    def nodes(self) -> Mapping[str, Rows]:
        """The nodes of every workflow that was bought, in order."""
        return grouped(self.tables["nodes"], "workflow")

    @cached_property
    def edges(self) -> Mapping[str, Rows]:
        """Its edges."""
        return grouped(self.tables["edges"], "workflow")

    @cached_property
    def hub_losses(self) -> Mapping[str, list[int]]:
        """The rounds in which each hub lost its memory, before it cleared."""
        lost: dict[str, list[int]] = defaultdict(list)
        for row in self.tables.get("faults", ()):
            if row["participant"] == "hub" and row["event"] == "crash":
                lost[row["name"]].append(row["round"])
        return lost

    def forgot(self, hub: str, since: int, until: int) -> bool:
        """Whether a hub lost its memory after it cleared round ``since``, up to ``until``."""
        return any(since < round_ <= until for round_ in self.hub_losses.get(hub, ()))


def grouped(rows: Rows, *keys: str) -> dict[Any, Rows]:
    """The rows by one column, or by several; none where there is none."""
    groups: dict[Any, Rows] = defaultdict(list)
    for row in rows:
        key = tuple(row[name] for name in keys)
        groups[key if len(key) > 1 else key[0]].append(row)
    return groups
