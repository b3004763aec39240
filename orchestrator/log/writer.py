"""Writing the log so that it never shows rows that do not count, nor a row twice.

A commit is one file in ``RUN/.pending`` and a checkpoint that names it, which replaces the last one
atomically. Now and then the pending commits become Parquet, and small parts become larger ones.
Both are one step, a switch: the new parts are written where no plain glob sees them; a checkpoint
names what they replace and them; then what was replaced is removed, and they are renamed into
place. What a checkpoint names can be done again, whenever the process was killed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pyarrow as pa

from market.errors import BadInput, NotWritten
from orchestrator.log.checkpoint import (
    CHECKPOINT,
    PENDING,
    Checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from orchestrator.log.commit_file import CommitFile, write_commit
from orchestrator.log.digests import DIGESTS, NO_DIGEST, Chains
from orchestrator.log.durable import make_directory, refusals_told, sync_directory, temporary
from orchestrator.log.parts import (
    Part,
    due_for_merging,
    parts_in_place,
    read_part,
    waiting,
    write_part,
)
from orchestrator.log.schema import SCHEMAS
from orchestrator.log.tables import TABLE_OF, Row

#: Pending commits become Parquet when they are so many, so large,
MOST_PENDING = 64
MOST_PENDING_BYTES = 32 * 2**20
#: or when the last ones did so long ago.
PENDING_S = 60.0


class LogWriter:
    """Collects the rows of a trial and commits them.

    It goes on from the run's checkpoint where that is of this trial, and begins the trial
    otherwise. Rows that were added but not committed do not exist.

    Args:
        run: the run's directory, which exists.
        trial: the trial whose rows these are.

    Raises:
        BadInput: the log is damaged or has come further than this trial; nothing was changed.
        NotWritten: the disk is full, read-only or gone; so do ``commit``, ``publish``, ``close``.
    """

    def __init__(self, run: Path, trial: int):
        self._run = run
        self._rows: dict[str, list[Row]] = {table: [] for table in SCHEMAS}
        self._published_s = time.monotonic()
        found = read_checkpoint(run)
        if found is not None and found.trial > trial:
            problem = f"its log is in trial {found.trial}, so trial {trial} cannot be written"
            raise BadInput(str(run), problem)
        self._checkpoint = found or _before_all(trial)
        self._pending_bytes = sum(_size(run, name) for name in self._checkpoint.pending)
        with self._kept():
            self._finish()
            if found is not None and found.trial < trial:
                self._switch_pending()
        self._chains = Chains(self._checkpoint.log_digest, self._checkpoint.timings_digest)
        if found is None or found.trial < trial or not found.commits:
            self._begin(trial)

    @property
    def checkpoint(self) -> Checkpoint:
        """How far the log goes."""
        return self._checkpoint

    def add(self, rows: Iterable[Row]) -> None:
        """Keep rows for the next commit; they may be of different tables."""
        for row in rows:
            self._rows[TABLE_OF[type(row)]].append(row)

    def commit(self, round_: int) -> None:
        """Make all rows so far count: they are the log up to this round."""
        tables = {table: arrow_table(table, rows) for table, rows in self._rows.items() if rows}
        checkpoint = self._checkpoint
        if not tables and checkpoint.commits and round_ == checkpoint.round:
            return
        chains = Chains(self._chains.log, self._chains.timings)
        digests = [] if checkpoint.commits else [chains.first_row(checkpoint.trial)]
        digests += chains.rows(tables)
        tables[DIGESTS] = arrow_table(DIGESTS, digests)
        name = f"{checkpoint.trial:04d}-{checkpoint.commits:06d}.arrow"
        with self._kept():
            make_directory(self._run / PENDING)
            size = write_commit(self._run / PENDING / name, tables)
            sync_directory(self._run / PENDING)
            self._replace_checkpoint(
                round=round_,
                over=False,
                commits=checkpoint.commits + 1,
                pending=[*checkpoint.pending, name],
                placing=[],
                removing=[],
                log_digest=chains.log,
                timings_digest=chains.timings,
            )
        self._chains = chains
        self._pending_bytes += size
        for rows in self._rows.values():
            rows.clear()
        if self._is_much_pending():
            self.publish()

    def publish(self) -> None:
        """Let a plain glob see all that was committed."""
        with self._kept():
            self._switch_pending()
            for table in SCHEMAS:
                while merged := due_for_merging(parts_in_place(self._run, table)):
                    self._merge(table, merged)

    def close(self) -> None:
        """The trial is over: all that was committed is in Parquet, and nothing is pending."""
        self.publish()
        with self._kept():
            if not self._checkpoint.over:
                self._replace_checkpoint(over=True, placing=[], removing=[])

    def _begin(self, trial: int) -> None:
        before = self._checkpoint.log_digest
        self._chains = Chains.start(self._run, trial, before)
        self._checkpoint = Checkpoint(
            trial=trial, round=0, log_digest=before, timings_digest=NO_DIGEST
        )

    def _is_much_pending(self) -> bool:
        return (
            len(self._checkpoint.pending) >= MOST_PENDING
            or self._pending_bytes >= MOST_PENDING_BYTES
            or time.monotonic() - self._published_s >= PENDING_S
        )

    def _switch_pending(self) -> None:
        """The pending commits become a part of each table."""
        self._published_s = time.monotonic()
        checkpoint = self._checkpoint
        if not checkpoint.pending:
            return
        part = Part(checkpoint.trial, checkpoint.switches)
        placing = []
        with ExitStack() as opened:
            commits = [
                opened.enter_context(CommitFile(self._run / PENDING / name))
                for name in checkpoint.pending
            ]
            for table in SCHEMAS:
                pieces = (rows for one in commits if (rows := one.read(table)) is not None)
                if (first := next(pieces, None)) is not None:
                    path = f"{table}/{part.file}"
                    write_part(waiting(self._run, path), table, _chained(first, pieces))
                    placing.append(path)
        self._switch(pending=[], placing=placing, removing=[])
        self._pending_bytes = 0

    def _merge(self, table: str, parts: Iterable[Part]) -> None:
        """Neighbouring parts of a table become one."""
        old = [f"{table}/{part.file}" for part in parts]
        first = next(iter(parts))
        new = f"{table}/{first._replace(level=first.level + 1).file}"
        pieces = (rows for path in old for rows in read_part(self._run / path, SCHEMAS[table]))
        write_part(waiting(self._run, new), table, pieces)
        self._switch(placing=[new], removing=old)

    def _switch(self, **changes: object) -> None:
        sync_directory(self._run / PENDING)
        self._replace_checkpoint(switches=self._checkpoint.switches + 1, **changes)
        self._finish()

    def _replace_checkpoint(self, **changes: object) -> None:
        checkpoint = self._checkpoint.model_copy(update=changes)
        write_checkpoint(self._run, checkpoint)
        self._checkpoint = checkpoint

    def _finish(self) -> None:
        """Do what the checkpoint says is to be done, and remove what no checkpoint names."""
        checkpoint, pending = self._checkpoint, self._run / PENDING
        temporary(self._run / CHECKPOINT).unlink(missing_ok=True)
        for path in checkpoint.removing:
            (self._run / path).unlink(missing_ok=True)
        for table in {path.partition("/")[0] for path in checkpoint.removing}:
            sync_directory(self._run / table)
        for path in checkpoint.placing:
            source = waiting(self._run, path)
            if source.exists():
                make_directory((self._run / path).parent)
                os.replace(source, self._run / path)
        for table in {path.partition("/")[0] for path in checkpoint.placing}:
            sync_directory(self._run / table)
        if pending.is_dir():
            for file in pending.iterdir():
                if file.name not in checkpoint.pending:
                    file.unlink()

    @contextmanager
    def _kept(self) -> Iterator[None]:
        """What the system refuses is told, with what is kept in spite of it."""
        try:
            with refusals_told(self._run):
                yield
        except NotWritten as error:
            found = None
            with suppress(BadInput, OSError):
                found = read_checkpoint(self._run)
            if found is None:
                raise
            self._checkpoint = found  # the last step may have been done all the same
            kept = f"the log is kept of trial {found.trial} up to round {found.round}"
            raise NotWritten(f"{error}; {kept}") from None


def arrow_table(table: str, rows: Sequence[Row]) -> pa.Table:
    """Rows of a table as Arrow."""
    schema = SCHEMAS[table]
    if not rows:
        return schema.empty_table()
    columns = zip(*rows, strict=True)
    arrays = [
        pa.array(column, type=field.type) for field, column in zip(schema, columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _before_all(trial: int) -> Checkpoint:
    return Checkpoint(trial=trial, round=0, log_digest=NO_DIGEST, timings_digest=NO_DIGEST)


def _size(run: Path, name: str) -> int:
    path = run / PENDING / name
    try:
        with CommitFile(path):
            return path.stat().st_size
    except FileNotFoundError:
        raise BadInput(str(path), "is named by the checkpoint, but not there") from None


def _chained(first: pa.Table, rest: Iterator[pa.Table]) -> Iterator[pa.Table]:
    yield first
    yield from rest
