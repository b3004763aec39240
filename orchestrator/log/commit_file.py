"""The file of one commit: the rows of all tables that have any, until they become Parquet.

Eight bytes with the length of an index, the index in JSON (by table, how many bytes it takes and
their CRC-32), then the tables, each an Arrow IPC stream.
"""

from __future__ import annotations

import io
import json
import os
import zlib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pyarrow as pa

from market.errors import BadInput
from orchestrator.log.durable import created
from orchestrator.log.schema import SCHEMAS

COMPRESSION = "lz4"
_LENGTH_BYTES = 8


def write_commit(path: Path, tables: Mapping[str, pa.Table]) -> int:
    """Write the file of a commit; returns its size in bytes."""
    streams = {table: _stream(rows) for table, rows in tables.items()}
    places = {table: [len(one), zlib.crc32(one)] for table, one in streams.items()}
    index = json.dumps(places).encode()
    with created(path) as file:
        file.write(len(index).to_bytes(_LENGTH_BYTES, "little"))
        file.write(index)
        for stream in streams.values():
            file.write(stream)
        return file.tell()


def _stream(rows: pa.Table) -> memoryview:
    rows = rows.replace_schema_metadata()
    bare = pa.schema([field.remove_metadata() for field in rows.schema])
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=COMPRESSION)
    with pa.ipc.new_stream(sink, bare, options=options) as stream:
        stream.write_table(rows.cast(bare))
    return sink.getbuffer()


@dataclass(frozen=True)
class _Place:
    start: int
    length: int
    crc: int


class CommitFile:
    """Reads the file of a commit, which may be removed meanwhile.

    Raises:
        FileNotFoundError: there is none.
        BadInput: it is damaged; so do ``read`` and ``tables``.
    """

    def __init__(self, path: Path):
        self._path = path
        with ExitStack() as opened:
            self._file = opened.enter_context(path.open("rb"))
            self._places = self._index()
            opened.pop_all()

    def read(self, table: str) -> pa.Table | None:
        """The rows of a table; None where the commit has none."""
        place = self._places.get(table)
        if place is None:
            return None
        stream = os.pread(self._file.fileno(), place.length, place.start)
        if len(stream) < place.length or zlib.crc32(stream) != place.crc:
            raise self._damaged(f"{table} is not as it was written")
        try:
            with pa.ipc.open_stream(stream) as reader:
                return reader.read_all().cast(SCHEMAS[table])
        except (pa.ArrowException, ValueError) as error:
            raise self._damaged(str(error).splitlines()[0]) from None

    def close(self) -> None:
        """Give back the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _index(self) -> dict[str, _Place]:
        size = os.fstat(self._file.fileno()).st_size
        length = int.from_bytes(self._file.read(_LENGTH_BYTES), "little")
        if length > size:
            raise self._damaged("it is cut short")
        places = {}
        start = _LENGTH_BYTES + length
        try:
            for table, (taken, crc) in json.loads(self._file.read(length)).items():
                places[table] = _Place(start, int(taken), int(crc))
                start += int(taken)
        except (ValueError, TypeError, AttributeError):
            raise self._damaged("its index is not one of ours") from None
        if start != size or any(place.length < 0 for place in places.values()):
            raise self._damaged("it is cut short")
        return places

    def _damaged(self, why: str) -> BadInput:
        return BadInput(str(self._path), f"is not a readable commit of the log: {why}")
