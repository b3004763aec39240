"""Checking a log against its digests: the first row that is not as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from orchestrator.log.digests import DIGESTED, DIGESTS, NO_DIGEST, RUN_JSON, TIMINGS, Chains
from orchestrator.log.reader import LogView
from orchestrator.log.row_stream import RowStream
from orchestrator.log.tables import DigestRow

What = Literal["altered", "missing", "extra", "digest chain"]

#: So many rows of ``digests`` are held at a time.
_AT_A_TIME = 1000


@dataclass(frozen=True)
class Mismatch:
    """The first thing in a log that is not as it was written.

    ``row`` counts the rows of the table in that round from 0, ``index`` those of the whole table;
    both are None of ``run.json``. A ``digest chain`` that does not hold is told of the row of
    ``digests`` where it breaks: it was altered, or one just before it is missing.
    """

    trial: int
    round: int
    table: str
    row: int | None
    index: int | None
    what: What

    def __str__(self) -> str:
        place = f"trial {self.trial}, round {self.round}, table {self.table}"
        return f"{place}{'' if self.row is None else f', row {self.row}'}: {self.what}"


def check_digests(run: Path) -> Mismatch | None:
    """Read every table of a run once, round by round; the first mismatch, if there is one.

    Memory is bounded by the largest round.

    Raises:
        BadInput: the run cannot be read.
    """
    with LogView(run) as view:
        return _Pass(run, view).first_mismatch()


class _Pass:
    """One pass over a log, in the order of its digests."""

    def __init__(self, run: Path, view: LogView):
        self._run = run
        self._checkpoint = view.checkpoint
        self._streams = {table: RowStream(table, view.pieces(table)) for table in DIGESTED}
        self._digests = _digest_rows(view)
        self._chains = Chains(NO_DIGEST, NO_DIGEST)
        self._last: DigestRow | None = None
        self._row = self._index = -1  # of the digest at hand, in its round and in all
        self._before: dict[str, DigestRow] = {}  # the last digest of every table

    def first_mismatch(self) -> Mismatch | None:
        """The first mismatch, if there is one."""
        for digest in self._digests:
            together = self._last is not None and self._last[:2] == digest[:2]
            self._row = self._row + 1 if together else 0
            self._index += 1
            found = self._check(digest)
            if found is not None:
                return found
            self._last = digest
        return self._check_end()

    def _check(self, digest: DigestRow) -> Mismatch | None:
        if not _follows(digest, self._last):
            return self._of_digests(digest, "altered")
        if self._last is None or digest.trial != self._last.trial:
            return self._check_start(digest)
        stream = self._streams[digest.table]
        rows = stream.look(digest)
        found = stream.row_digests(rows)
        holds = self._chains.add(rows) == digest.digest
        if holds and found == digest.row_digests:
            stream.take(digest.rows)
            self._before[digest.table] = digest
            return None
        if holds:
            return self._of_digests(digest, "altered")
        if found == digest.row_digests:
            return self._of_digests(digest, "digest chain")
        return self._of_rows(digest, found)

    def _check_start(self, digest: DigestRow) -> Mismatch | None:
        """The first digest of a trial."""
        if digest.table != RUN_JSON:
            return Mismatch(digest.trial, 0, DIGESTS, 0, self._index, "missing")
        expected = Chains.start(self._run, digest.trial, self._chains.log)
        if expected.log == digest.digest:
            self._chains = expected
            return None
        self._chains = Chains.after(digest.digest)
        following = next(self._digests, None)
        goes_on = (
            following is not None
            and _follows(following, digest)
            and self._chains.add(self._streams[following.table].look(following)) == following.digest
        )
        if not goes_on:
            return self._of_digests(digest, "altered")
        if self._last is None:
            return Mismatch(digest.trial, 0, RUN_JSON, None, None, "altered")
        return self._of_digests(digest, "digest chain")

    def _check_end(self) -> Mismatch | None:
        """Nothing is left of any table, and the chains end where the checkpoint says."""
        left = self._left_over()
        end = self._checkpoint
        log, timings = (end.log_digest, end.timings_digest) if end else (NO_DIGEST, NO_DIGEST)
        if left is not None:
            head, logged = (
                (self._chains.timings, timings)
                if left.table == TIMINGS
                else (self._chains.log, log)
            )
            return left if head == logged else self._missing_digest(left)
        if (self._chains.log, self._chains.timings) == (log, timings):
            return None
        at = self._last or DigestRow(0, 0, "", 0, "", [])
        return Mismatch(at.trial, at.round, DIGESTS, self._row + 1, self._index + 1, "missing")

    def _of_digests(self, digest: DigestRow, what: What) -> Mismatch:
        return Mismatch(digest.trial, digest.round, DIGESTS, self._row, self._index, what)

    def _of_rows(self, digest: DigestRow, found: list[int]) -> Mismatch:
        """The first row that is not as its digest; ``found`` are the digests of those there are."""
        table, listed = digest.table, digest.row_digests
        pairs = enumerate(zip(found, listed, strict=False))
        row = next((number for number, (one, other) in pairs if one != other), len(found))
        index = self._streams[table].taken + row
        what: What = "missing"
        if row < len(found):
            more = self._streams[table].look(digest, beyond=1)
            what = _what(self._streams[table].row_digests(more)[row:], listed[row:])
        if what == "altered" and row == len(listed) - 1:
            later = next((one for one in self._digests if one.table == table), None)
            if later is not None and found[row] in later.row_digests:
                what = "missing"
        if what == "extra":
            extra = self._extra(table, row)
            if (extra.trial, extra.round) < digest[:2]:
                return extra
        return Mismatch(digest.trial, digest.round, table, row, index, what)

    def _extra(self, table: str, ahead: int) -> Mismatch:
        """A row that no digest is about, some rows ahead, in the round that it says itself."""
        stream, before = self._streams[table], self._before.get(table)
        trial, round_ = stream.key(ahead)
        together = before is not None and before[:2] == (trial, round_)
        row = before.rows if before is not None and together else 0
        return Mismatch(trial, round_, table, row, stream.taken + ahead, "extra")

    def _left_over(self) -> Mismatch | None:
        """The first row of which there is no digest, if there is one."""
        left = [
            self._extra(table, 0) for table, stream in self._streams.items() if stream.has_more()
        ]
        return min(left, key=lambda one: (one.trial, one.round), default=None)

    def _missing_digest(self, of: Mismatch) -> Mismatch:
        """The digest of rows that are there is missing, at the end of a trial."""
        at = self._last
        row = self._row + 1 if at is not None and at[:2] == (of.trial, of.round) else 0
        return Mismatch(of.trial, of.round, DIGESTS, row, self._index + 1, "missing")


def _what(found: list[int], listed: list[int]) -> What:
    """What happened to the first of the rows that are found, where others are listed."""
    left = len(listed)
    if found[1 : left + 1] == listed:
        return "extra"
    if left > 1 and found[1:left] == listed[1:]:
        return "altered"
    if found[0] in listed[1:] and listed[0] not in found[1:]:
        return "missing"
    if listed[0] in found[1:] and found[0] not in listed[1:]:
        return "extra"
    return "altered"


def _follows(digest: DigestRow, last: DigestRow | None) -> bool:
    """Whether a digest may come after another, and is one at all."""
    places = {RUN_JSON: -1, **DIGESTED}
    if digest.table not in places or digest.rows != len(digest.row_digests):
        return False
    if digest.table == RUN_JSON and (digest.round or digest.rows):
        return False
    if last is None or digest.trial > last.trial:
        return True
    order = [(one.trial, one.round, places[one.table]) for one in (last, digest)]
    return order[0] < order[1]


def _digest_rows(view: LogView) -> Iterator[DigestRow]:
    for piece in view.pieces(DIGESTS):
        for start in range(0, piece.num_rows, _AT_A_TIME):
            for row in piece.slice(start, _AT_A_TIME).to_pylist():
                yield DigestRow(**row)
