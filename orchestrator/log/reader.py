"""Reading a run back: its description and its tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from market.errors import BadInput
from orchestrator.log.schema import SCHEMA_VERSION, SCHEMAS

RUN_FILE = "run.json"


def read_description(run: Path) -> dict[str, Any]:
    """What ``run.json`` says.

    Raises:
        BadInput: there is none, or it is not one of ours.
    """
    path = run / RUN_FILE
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise BadInput(str(run), f"expected a run's directory with a {RUN_FILE} in it") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadInput(str(path), f"not JSON: {error}") from None
    version = description.get("schema_version") if isinstance(description, dict) else None
    if version != SCHEMA_VERSION:
        raise BadInput(str(path), f"expected schema_version {SCHEMA_VERSION}, got {version!r}")
    return dict(description)


def read_table(run: Path, table: str, columns: list[str] | None = None) -> pa.Table:
    """A whole table of a run; without rows where none were written."""
    schema = SCHEMAS[table]
    if columns is not None:
        schema = pa.schema([schema.field(column) for column in columns])
    parts = sorted((run / table).glob("part-*.parquet"))
    tables = [pq.ParquetFile(part).read(columns=columns).cast(schema) for part in parts]
    return pa.concat_tables(tables) if tables else schema.empty_table()
