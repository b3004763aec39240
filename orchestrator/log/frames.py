"""Tables of the log for the libraries that people analyse with: Polars, pandas, DuckDB."""

from __future__ import annotations

import glob
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from market.errors import BadInput
from market.money import NANO_PER_USD
from orchestrator.log.columns import columns
from orchestrator.log.reader import LogView
from orchestrator.log.schema import SCHEMAS
from orchestrator.log.tables import TABLES

if TYPE_CHECKING:
    import polars

_NANO = "_nano"


def library(name: str) -> Any:
    """A library of the extra ``analysis``.

    Raises:
        BadInput: it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise BadInput(name, "is not installed: pip install -e '.[analysis]'") from None


def in_usd(table: pa.Table) -> pa.Table:
    """The same with money as USD, float64: ``x_nano`` becomes ``x_usd``."""
    fields, arrays = [], []
    for field, column in zip(table.schema, table.columns, strict=True):
        if field.name.endswith(_NANO):
            column = pa.chunked_array([_usd(chunk) for chunk in column.chunks], _usd_type(field))
            name = field.name.removesuffix(_NANO) + "_usd"
            field = pa.field(name, column.type, field.nullable, field.metadata)
        fields.append(field)
        arrays.append(column)
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _usd_type(field: pa.Field) -> pa.DataType:
    return pa.list_(pa.float64()) if pa.types.is_list(field.type) else pa.float64()


def _usd(chunk: pa.Array) -> pa.Array:
    if pa.types.is_list(chunk.type):
        return pa.ListArray.from_arrays(chunk.offsets, _usd(chunk.values))
    return pc.divide(pc.cast(chunk, pa.float64(), safe=False), float(NANO_PER_USD))


def polars_frame(table: pa.Table) -> polars.DataFrame:
    """As Polars; raises ``BadInput`` where that is not installed."""
    frame: polars.DataFrame = library("polars").from_arrow(table)
    return frame


def pandas_frame(table: pa.Table) -> Any:
    """As pandas; integers with nulls stay integers (``Int64``).

    Raises:
        BadInput: it is not installed.
    """
    pandas = library("pandas")
    frame = table.to_pandas()
    for field, column in zip(table.schema, table.columns, strict=True):
        if pa.types.is_integer(field.type) and column.null_count:
            frame[field.name] = column.to_pandas(types_mapper={field.type: pandas.Int64Dtype()}.get)
    return frame


class DuckDBViews:
    """Every table of a run as a view of a DuckDB connection, with its columns' comments.

    Parquet is read where it lies; only rows that are not Parquet yet are in memory.

    Args:
        run: the run's directory.

    Raises:
        BadInput: DuckDB is not installed, or the log is damaged.
    """

    def __init__(self, run: Path):
        self._run = run
        self.connection: Any = library("duckdb").connect()
        self._seen: object = None
        self.refresh()

    def refresh(self) -> None:
        """Show what counts by now; nothing is done where that is what is shown."""
        with LogView(self._run) as log:
            moment = log.checkpoint
            if moment is not None and moment == self._seen:
                return
            for table in SCHEMAS:
                self._show(table, log)
            self._seen = moment

    def _show(self, table: str, log: LogView) -> None:
        parts = log.parts(table)
        pending = pa.concat_tables([SCHEMAS[table].empty_table(), *log.pending(table)])
        rows = []
        if parts:
            files = ", ".join(_quoted(glob.escape(str(path.absolute()))) for path in parts)
            rows.append(f"SELECT * FROM read_parquet([{files}])")
        if pending.num_rows or not parts:
            self.connection.register(f"pending_{table}", pending)
            rows.append(f"SELECT * FROM pending_{table}")
        else:
            self.connection.unregister(f"pending_{table}")
        self.connection.execute(f"CREATE OR REPLACE VIEW {table} AS {' UNION ALL '.join(rows)}")
        meaning = (TABLES[table].__doc__ or "").partition("\n")[0]
        self.connection.execute(f"COMMENT ON VIEW {table} IS {_quoted(meaning)}")
        for column in columns(table):
            place = f'{table}."{column.name}"'
            self.connection.execute(f"COMMENT ON COLUMN {place} IS {_quoted(column.meaning)}")


def _quoted(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
