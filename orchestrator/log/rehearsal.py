"""Rounds that are computed again: the same rows must come out as the log has."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path

import pyarrow.compute as pc

from market.errors import NotReproduced
from orchestrator.log.checkpoint import read_checkpoint
from orchestrator.log.digests import DIGESTED, DIGESTS, NO_DIGEST, RUN_JSON, TIMINGS, Chains
from orchestrator.log.reader import LogView
from orchestrator.log.tables import TABLE_OF, TABLES, DigestRow, Row
from orchestrator.log.writer import arrow_table


class Rehearsal:
    """Takes rows as a ``LogWriter`` does, and compares them with those of the log by digest.

    It writes nothing. The first rows may be of any round; from there on every round up to the
    checkpoint must be as it is logged, but for ``timings``. What is later is not compared.

    Args:
        run: the run's directory.
        trial: the trial of the rows.

    Raises:
        BadInput: the log is damaged.
    """

    def __init__(self, run: Path, trial: int):
        self._trial = trial
        self._rows: dict[str, list[Row]] = {table: [] for table in TABLES}
        checkpoint = read_checkpoint(run)
        self._last = checkpoint.round if checkpoint and checkpoint.trial == trial else 0
        self._logged = _Logged(run, trial)
        self._chains: Chains | None = None

    def add(self, rows: Iterable[Row]) -> None:
        """Keep rows for the next comparison; they may be of different tables."""
        for row in rows:
            self._rows[TABLE_OF[type(row)]].append(row)

    def commit(self, round_: int) -> None:
        """Compare all rows so far; they are the log up to this round.

        Raises:
            NotReproduced: names the first row that is not what the log has.
        """
        self._rows[TIMINGS].clear()
        tables = {
            table: arrow_table(table, kept)
            for table, rows in self._rows.items()
            if (kept := [row for row in rows if row.round <= self._last])
        }
        for rows in self._rows.values():
            rows.clear()
        if self._chains is None:
            if not tables:
                return
            first = min(table["round"][0].as_py() for table in tables.values())
            self._chains = Chains(self._logged.link_before(first), NO_DIGEST)
        for computed in self._chains.rows(tables):
            self._compare(computed, self._logged.next(computed.round))
        left = self._logged.next(min(round_, self._last))
        if left is not None:
            raise self._differs(left, 0)

    def close(self) -> None:
        """The rounds are over."""
        self._logged.close()

    def _compare(self, computed: DigestRow, logged: DigestRow | None) -> None:
        if logged is None or _place(computed) < _place(logged):
            raise self._differs(computed, 0)
        if _place(computed) > _place(logged):
            raise self._differs(logged, 0)
        if computed == logged:
            return
        pairs = enumerate(zip(computed.row_digests, logged.row_digests, strict=False))
        shorter = min(computed.rows, logged.rows) if computed.rows != logged.rows else None
        raise self._differs(computed, next((row for row, (a, b) in pairs if a != b), shorter))

    def _differs(self, digest: DigestRow, row: int | None) -> NotReproduced:
        place = f"trial {self._trial}, round {digest.round}, table {digest.table}"
        which = "its digest" if row is None else f"row {row}"
        return NotReproduced(f"{place}, {which}: computed again, it is not what the log has")


class _Logged:
    """The rows of ``digests`` of a trial, without those of timings, one after the other."""

    def __init__(self, run: Path, trial: int):
        self._rows = _digest_rows(run, trial)
        self._ahead: DigestRow | None = None
        self._before = NO_DIGEST

    def link_before(self, round_: int) -> str:
        """The last link before a round; what is asked for next is of that round or later."""
        while (row := self._look()) is not None and (row.round < round_ or row.table == RUN_JSON):
            self._take()
        return self._before

    def next(self, last: int) -> DigestRow | None:
        """The next row, if it is of a round up to ``last``."""
        row = self._look()
        return self._take() if row is not None and row.round <= last else None

    def close(self) -> None:
        self._rows.close()

    def _look(self) -> DigestRow | None:
        if self._ahead is None:
            self._ahead = next(self._rows, None)
        return self._ahead

    def _take(self) -> DigestRow | None:
        row, self._ahead = self._ahead, None
        if row is not None:
            self._before = row.digest
        return row


def _digest_rows(run: Path, trial: int) -> Generator[DigestRow, None, None]:
    with LogView(run, (DIGESTS,)) as view:
        for piece in view.pieces(DIGESTS):
            wanted = pc.and_(pc.equal(piece["trial"], trial), pc.not_equal(piece["table"], TIMINGS))
            for row in piece.filter(wanted).to_pylist():
                yield DigestRow(**row)


def _place(row: DigestRow) -> tuple[int, int]:
    return row.round, DIGESTED.get(row.table, -1)
