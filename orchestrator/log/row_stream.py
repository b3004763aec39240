"""The rows of a table, one round after the other, as their digests ask for them."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from orchestrator.log.canonical import CanonicalRows
from orchestrator.log.digests import Rows
from orchestrator.log.schema import SCHEMAS
from orchestrator.log.tables import DigestRow


class RowStream:
    """Holds as many rows of a table as are looked at, and what was read together with them.

    Args:
        table: its name.
        pieces: its rows, in order.
    """

    def __init__(self, table: str, pieces: Iterator[pa.Table]):
        self._pieces = pieces
        self.taken = 0
        self._hold(SCHEMAS[table].empty_table())

    def look(self, digest: DigestRow, beyond: int = 0) -> Rows:
        """The next rows, as many as a digest is of and some ``beyond``, or fewer at the end."""
        low, high = self._ahead(digest.rows + beyond)
        return Rows(digest.trial, digest.round, digest.table, self._canonical, low, high)

    def row_digests(self, rows: Rows) -> list[int]:
        """The digests of rows that were looked at last."""
        return self._digests[rows.low : rows.high]

    def take(self, rows: int) -> None:
        """Go on behind so many rows."""
        self._start += rows
        self.taken += rows

    def has_more(self) -> bool:
        """Whether there are rows ahead."""
        low, high = self._ahead(1)
        return low < high

    def key(self, ahead: int) -> tuple[int, int]:
        """The trial and round that a row says it is of, which was looked at."""
        at = self._start + ahead
        return self._held["trial"][at].as_py(), self._held["round"][at].as_py()

    def _ahead(self, rows: int) -> tuple[int, int]:
        """Where the next rows are among those held."""
        while self._held.num_rows - self._start < rows:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._hold(pa.concat_tables([self._held.slice(self._start), piece]))
        return self._start, min(self._start + rows, self._held.num_rows)

    def _hold(self, rows: pa.Table) -> None:
        self._held, self._start = rows, 0
        self._canonical = CanonicalRows(rows)
        self._digests: list[int] = self._canonical.row_digests().tolist()
