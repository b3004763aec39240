"""Reading the tables of a run, also while it is written, or was killed at any moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Self

import pyarrow as pa

from market.errors import BadInput
from orchestrator.log.checkpoint import PENDING, Checkpoint, read_checkpoint
from orchestrator.log.commit_file import CommitFile
from orchestrator.log.parts import Part, part_of, parts_in_place, read_part, waiting
from orchestrator.log.schema import SCHEMAS

#: How often a log is looked at anew that changes under our eyes.
ATTEMPTS = 10


class Vanished(BadInput):
    """A file that counted is gone: the log was changed while it was read."""


class LogView:
    """What counted of some tables at one moment.

    What is written later is not seen. Files of the newest rows are held open: use it in a ``with``.

    Args:
        run: the run's directory.
        tables: which are wanted.

    Raises:
        BadInput: the checkpoint or a file that it names is missing or damaged.
    """

    def __init__(self, run: Path, tables: Iterable[str] = SCHEMAS):
        self._run = run
        for attempt in range(ATTEMPTS):
            self.checkpoint = read_checkpoint(run)
            self._commits: list[CommitFile] = []
            try:
                self._parts = {table: self._counted(table) for table in tables}
                self._open_commits()
            except OSError as error:
                self.close()
                raise BadInput(str(run), f"cannot be read: {error.strerror}") from None
            except BadInput as error:
                self.close()
                if not isinstance(error, Vanished) or attempt + 1 == ATTEMPTS:
                    raise
                continue
            if _epoch(read_checkpoint(run)) == _epoch(self.checkpoint):
                return
            self.close()
        raise Vanished(str(run), f"changed {ATTEMPTS} times while it was looked at")

    def pieces(self, table: str, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """The rows of a table in the order of writing, a bounded number at a time.

        Raises:
            BadInput: a part is not a Parquet file with the table's columns; ``Vanished`` where one
                was merged with others meanwhile.
        """
        schema = SCHEMAS[table]
        if columns is not None:
            schema = pa.schema([schema.field(column) for column in columns])
        for path in self._parts[table]:
            try:
                yield from read_part(path, schema)
            except FileNotFoundError:
                raise Vanished(str(path), "is gone: the log was changed meanwhile") from None
        for rows in self.pending(table):
            yield rows.select(schema.names)

    def parts(self, table: str) -> list[Path]:
        """The Parquet files of a table, in order."""
        return list(self._parts[table])

    def pending(self, table: str) -> Iterator[pa.Table]:
        """The rows of a table after those, which are not Parquet yet."""
        read = (commit.read(table) for commit in self._commits)
        return (rows for rows in read if rows is not None)

    def close(self) -> None:
        """Give back the files."""
        for commit in self._commits:
            commit.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _counted(self, table: str) -> list[Path]:
        """The parts of a table, in the order of their rows, in place or not yet."""
        placed = parts_in_place(self._run, table)
        if self.checkpoint is None:
            return list(placed.values())
        removed, added = (
            {_part(path) for path in paths if path.startswith(f"{table}/")}
            for paths in (self.checkpoint.removing, self.checkpoint.placing)
        )
        counted: dict[Part, Path] = {
            part: path for part, path in placed.items() if part not in removed
        }
        for part in added - placed.keys():
            counted[part] = waiting(self._run, f"{table}/{part.file}")
            if not counted[part].exists():
                counted[part] = self._run / table / part.file
                if not counted[part].exists():
                    raise Vanished(str(counted[part]), "is named by the checkpoint, but not there")
        return [counted[part] for part in sorted(counted)]

    def _open_commits(self) -> None:
        for name in self.checkpoint.pending if self.checkpoint else ():
            path = self._run / PENDING / name
            try:
                self._commits.append(CommitFile(path))
            except FileNotFoundError:
                problem = "is named by the checkpoint, but not there"
                raise Vanished(str(path), problem) from None


def read_pieces(run: Path, table: str, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """A table of a run up to its checkpoint, a bounded number of rows at a time.

    Raises:
        BadInput: as of ``LogView`` and its ``pieces``.
    """
    with closing(LogView(run, (table,))) as view:
        yield from view.pieces(table, columns)


def read_table(run: Path, table: str, columns: list[str] | None = None) -> pa.Table:
    """A whole table of a run up to its checkpoint; without rows where none were written.

    Raises:
        BadInput: a part is not a Parquet file with the table's columns.
    """
    schema = SCHEMAS[table]
    empty = schema.empty_table() if columns is None else schema.empty_table().select(columns)
    for attempt in range(ATTEMPTS):
        try:
            return pa.concat_tables([empty, *read_pieces(run, table, columns)])
        except Vanished:
            if attempt + 1 == ATTEMPTS:
                raise
    raise AssertionError  # the last attempt returns or raises


def _part(path: str) -> Part:
    part = part_of(path.partition("/")[2])
    if part is None:
        raise BadInput(path, "is not the name of a part of the log")
    return part


def _epoch(checkpoint: Checkpoint | None) -> tuple[int, int] | None:
    return checkpoint.epoch if checkpoint else None
