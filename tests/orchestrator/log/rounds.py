"""Rounds of rows for tests of the log, and what the log shows of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from orchestrator.log import LogView, LogWriter
from orchestrator.log.tables import TABLE_OF, HubRow, Row, SettlementRow, TimingRow
from orchestrator.log.workflow_tables import NodeRow

TABLES_OF_ROUNDS = ("settlements", "nodes", "hubs", "timings")

Shown = dict[str, list[dict[str, Any]]]


def rows_of(trial: int, round_: int) -> list[Row]:
    """A settlement or two, a node in every second round, a hub, a timing."""
    at = (trial, round_)
    rows: list[Row] = [
        SettlementRow(*at, "chat", f"r{n}", f"c{round_}", "p", "hüb", 3 + n, 2, 1, False, 0.5, None)
        for n in range(1 + round_ % 2)
    ]
    if round_ % 2:
        capable = None if round_ % 3 else ["p", "", "q7"]
        rows.append(NodeRow(*at, f"w{round_}", "n", "p", 0.1 * round_, -0.0, None, capable))
    prices = [[round_, None, 7], []]
    numbers = [round_ + n for n in range(6)]
    rows.append(HubRow(*at, "h", *numbers, -5, [1, 2], prices[round_ % 2], *range(9)))
    return [*rows, TimingRow(*at, 0.1, 0.2, 0.3, 0.1 * round_)]


def describe(run: Path, **changes: Any) -> None:
    """Write what the run says of itself."""
    said = {"schema_version": 5, "name": "test", "seed": 7, "scenario": {"rounds": 9}}
    (run / "run.json").write_text(json.dumps(said | changes))


def write_rounds(run: Path, trial: int, rounds: range, every: int = 1) -> None:
    """Go on writing a trial: its rounds, committed now and then, and at the end."""
    log = LogWriter(run, trial)
    for round_ in rounds:
        log.add(rows_of(trial, round_))
        if round_ % every == 0 or round_ == rounds[-1]:
            log.commit(round_)
    log.close()


def written_up_to(trial: int, round_: int, rounds: int) -> Shown:
    """What a log shows whose earlier trials had so many rounds."""
    places = [(t, r) for t in range(trial) for r in range(1, rounds + 1)]
    places += [(trial, r) for r in range(1, round_ + 1)]
    shown: Shown = {table: [] for table in TABLES_OF_ROUNDS}
    for place in places:
        for row in rows_of(*place):
            shown[TABLE_OF[type(row)]].append(row._asdict())
    return shown


def shown_by_reader(run: Path) -> Shown:
    """What counts, as we read it."""
    with LogView(run, TABLES_OF_ROUNDS) as view:
        return {
            table: [row for piece in view.pieces(table) for row in piece.to_pylist()]
            for table in TABLES_OF_ROUNDS
        }


def shown_by_glob(run: Path) -> Shown:
    """What anyone sees who reads all that a glob finds."""
    return {
        table: [row for path in _globbed(run, table) for row in _read(path)]
        for table in TABLES_OF_ROUNDS
    }


def _globbed(run: Path, table: str) -> Iterator[Path]:
    return iter(sorted((run / table).glob("*.parquet")))


def _read(path: Path) -> list[dict[str, Any]]:
    with pq.ParquetFile(path) as file:
        rows: list[dict[str, Any]] = file.read().to_pylist()
    return rows
