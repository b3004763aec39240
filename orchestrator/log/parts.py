"""The parts of the tables: Parquet files, written under a name that no plain glob sees."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from market.errors import BadInput
from orchestrator.log.checkpoint import PENDING
from orchestrator.log.durable import created
from orchestrator.log.schema import SCHEMAS

COMPRESSION = "zstd"

#: A row group takes about so many bytes in memory.
ROW_GROUP_BYTES = 16 * 2**20

#: So many neighbouring parts of one level become one of the next,
MERGED_PARTS = 8

#: unless one of them has so many bytes: no merged part has more than 256 MiB.
SETTLED_BYTES = 32 * 2**20

_NAME = re.compile(r"part-(\d{1,9})-(\d{1,9})(?:-(\d{1,2}))?\.parquet")


class Part(NamedTuple):
    """The name of a part, in the order of its rows.

    ``sequence`` is the first publication of its trial that it has rows of; ``level`` counts how
    often parts were merged into it.
    """

    trial: int
    sequence: int
    level: int = 0

    @property
    def file(self) -> str:
        """The name of its file."""
        merged = f"-{self.level}" if self.level else ""
        return f"part-{self.trial:04d}-{self.sequence:06d}{merged}.parquet"


def part_of(name: str) -> Part | None:
    """The part with a file name; None where it is none of ours."""
    match = _NAME.fullmatch(name)
    return match and Part(*(int(number or 0) for number in match.groups()))


def waiting(run: Path, path: str) -> Path:
    """Where a part ``TABLE/FILE`` waits until it is placed."""
    return run / PENDING / path.replace("/", "--")


def parts_in_place(run: Path, table: str) -> dict[Part, Path]:
    """The parts that a plain glob sees, in the order of their rows.

    Raises:
        BadInput: a file is named like a part, but is none.
    """
    found = {}
    for path in (run / table).glob("*.parquet"):
        part = part_of(path.name)
        if part is None or path.name != part.file:
            raise BadInput(str(path), "is not the name of a part of the log")
        found[part] = path
    return dict(sorted(found.items()))


def write_part(path: Path, table: str, pieces: Iterable[pa.Table]) -> None:
    """Write rows as Parquet; only the row group under way is held."""
    with (
        created(path) as file,
        pq.ParquetWriter(file, SCHEMAS[table], **_encoded(SCHEMAS[table])) as writer,
    ):
        for group in _row_groups(pieces):
            writer.write_table(group, row_group_size=max(1, group.num_rows))


def _encoded(schema: pa.Schema) -> dict[str, Any]:
    """How columns are encoded: a dictionary for text, and what suits long lists of numbers.

    `python -m benchmarks log` prints what predictions take; a dictionary of numbers made it half
    as much again, and took five times as long.
    """
    texts = [field.name for field in schema if pa.types.is_string(_content(field.type))]
    lists = [field for field in schema if pa.types.is_list(field.type) and field.name not in texts]
    return {
        "compression": COMPRESSION,
        "write_page_checksum": True,
        "use_dictionary": [_path(schema.field(name)) for name in texts],
        "column_encoding": {
            _path(field): "BYTE_STREAM_SPLIT"
            if pa.types.is_floating(field.type.value_type)
            else "DELTA_BINARY_PACKED"
            for field in lists
        },
    }


def _content(of: pa.DataType) -> pa.DataType:
    return of.value_type if pa.types.is_list(of) else of


def _path(field: pa.Field) -> str:
    """The name of a column in Parquet."""
    return f"{field.name}.list.element" if pa.types.is_list(field.type) else str(field.name)


def _row_groups(pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
    held: list[pa.Table] = []
    for piece in pieces:
        rows = max(1, piece.num_rows * ROW_GROUP_BYTES // max(1, piece.nbytes))
        for start in range(0, piece.num_rows, rows):
            held.append(piece.slice(start, rows))
            if sum(one.nbytes for one in held) >= ROW_GROUP_BYTES:
                yield pa.concat_tables(held)
                held = []
    if held:
        yield pa.concat_tables(held)


def read_part(path: Path, schema: pa.Schema) -> Iterator[pa.Table]:
    """The columns of a part that a schema has, row group by row group.

    Raises:
        FileNotFoundError: there is none.
        BadInput: it is damaged, or has not the columns.
    """
    try:
        # Not a file of Python's: Arrow's threads may still hold it when Python ends, and abort.
        with pa.OSFile(str(path), "rb") as opened:
            file = pq.ParquetFile(opened, page_checksum_verification=True)
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, columns=schema.names).cast(schema)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadInput(str(path), f"is not a readable part of the log: {reason}") from None


def due_for_merging(parts: dict[Part, Path]) -> Sequence[Part]:
    """The last parts of a table that are to become one; none where there are too few."""
    last: list[Part] = []
    for part, path in reversed(parts.items()):
        unlike = last and part.level != last[0].level
        if unlike or path.stat().st_size >= SETTLED_BYTES:
            break
        last.insert(0, part)
    return last if len(last) >= MERGED_PARTS else ()
