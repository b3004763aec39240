"""Whether a log that is to be gone on with has all the rows that it once had."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from market.errors import BadInput
from orchestrator.log import read_table
from orchestrator.log.tables import TABLES


def check_complete(run: Path) -> None:
    """Compare the number of rows of every table with what the table ``digests`` says of it.

    That is quick, and finds a table or a part that is gone; what was altered is found by
    ``walras verify``, and in the rounds that are computed again.

    Raises:
        BadInput: a table has fewer or more rows than were written.
    """
    written: Counter[str] = Counter()
    for row in read_table(run, "digests", ["table", "rows"]).to_pylist():
        written[row["table"]] += row["rows"]
    for table in TABLES:
        if table in written:
            rows = read_table(run, table, ["round"]).num_rows
            if rows != written[table]:
                problem = f"expected the {written[table]} rows that were written, found {rows}"
                raise BadInput(f"{run}: table {table}", problem)
