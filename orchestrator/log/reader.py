"""Reading the tables of a run."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from market.errors import BadInput
from orchestrator.log.schema import SCHEMAS
from orchestrator.log.writer import pending_parts


def read_table(run: Path, table: str, columns: list[str] | None = None) -> pa.Table:
    """A whole table of a run up to its checkpoint; without rows where none were written.

    Raises:
        BadInput: a part is not a Parquet file with the table's columns.
    """
    schema = SCHEMAS[table]
    if columns is not None:
        schema = pa.schema([schema.field(column) for column in columns])
    placed = {part.name: part for part in (run / table).glob("part-*.parquet")}
    # a run that was killed between its checkpoint and the renames has parts that count in pending
    counted = {**pending_parts(run, table), **placed}
    tables = [_read_part(counted[name], schema) for name in sorted(counted)]
    return pa.concat_tables(tables) if tables else schema.empty_table()


def _read_part(part: Path, schema: pa.Schema) -> pa.Table:
    try:
        return pq.ParquetFile(part).read(columns=schema.names).cast(schema)
    except (pa.ArrowInvalid, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BadInput(str(part), f"is not a readable part of the log: {reason}") from None
