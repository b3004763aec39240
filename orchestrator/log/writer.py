"""Writing the log so that it never shows rows that do not count.

Parts are written to ``RUN/.pending``; a checkpoint that names them replaces the last one
atomically; only then are they renamed to ``RUN/<table>/part-<trial>-<seq>.parquet``. The rename can
be repeated: whatever the checkpoint names and is still pending belongs in place.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from market.errors import BadInput
from orchestrator.log.schema import SCHEMAS
from orchestrator.log.tables import TABLE_OF, Row

PENDING = ".pending"
CHECKPOINT = "checkpoint.json"
COMPRESSION = "zstd"


class LogWriter:
    """Collects rows and commits them in parts.

    Args:
        run: the run's directory, which exists.
        trial: the trial whose rows these are.
    """

    def __init__(self, run: Path, trial: int):
        self._run = run
        self._trial = trial
        self._rows: dict[str, list[Row]] = {table: [] for table in SCHEMAS}
        self._sequence = 0

    def add(self, rows: Iterable[Row]) -> None:
        """Keep rows for the next commit; they may be of different tables."""
        for row in rows:
            self._rows[TABLE_OF[type(row)]].append(row)

    def commit(self, round_: int) -> None:
        """Make all rows so far count: they are the log up to this round."""
        pending = self._run / PENDING
        pending.mkdir(exist_ok=True)
        parts = []
        for table, rows in self._rows.items():
            if rows:
                part = f"{table}/part-{self._trial:04d}-{self._sequence:06d}.parquet"
                with (pending / part.replace("/", "--")).open("wb") as file:
                    pq.write_table(_arrow_table(table, rows), file, compression=COMPRESSION)
                    file.flush()
                    os.fsync(file.fileno())
                parts.append(part)
                rows.clear()
        checkpoint = {
            "trial": self._trial,
            "round": round_,
            "sequence": self._sequence,
            "parts": parts,
        }
        write_json_atomically(self._run / CHECKPOINT, checkpoint)
        publish_pending(self._run)
        self._sequence += 1


def publish_pending(run: Path) -> None:
    """Move the parts that the checkpoint names into place; harmless if done already."""
    for table in SCHEMAS:
        for name, source in pending_parts(run, table).items():
            (run / table).mkdir(exist_ok=True)
            source.replace(run / table / name)


def pending_parts(run: Path, table: str) -> dict[str, Path]:
    """The parts of a table, by file name, that count by the checkpoint but are not in place."""
    path = run / CHECKPOINT
    try:
        parts = json.loads(path.read_text(encoding="utf-8"))["parts"]
        split = [part.partition("/") for part in parts]
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadInput(str(path), "is not a checkpoint of ours") from None
    waiting = {name: run / PENDING / f"{table}--{name}" for of, _, name in split if of == table}
    return {name: path for name, path in waiting.items() if path.exists()}


def write_json_atomically(path: Path, content: dict[str, Any]) -> None:
    """Replace a JSON file so that a reader sees the old one or the new one, never half."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _arrow_table(table: str, rows: list[Row]) -> pa.Table:
    schema = SCHEMAS[table]
    columns = zip(*rows, strict=True)
    arrays = [
        pa.array(column, type=field.type) for field, column in zip(schema, columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
