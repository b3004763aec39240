"""Whether a log that is to be gone on with has all the rows that it once had."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from market.errors import BadInput
from orchestrator.log import read_checkpoint, read_pieces, read_table
from orchestrator.log.digests import DIGESTS, NO_DIGEST, RUN_JSON, TIMINGS, Chains
from orchestrator.log.tables import TABLES


def check_complete(run: Path) -> None:
    """Compare the number of rows of every table with what the table ``digests`` says of it.

    That is quick, and finds a table or a part that is gone, and another ``run.json``; what else was
    altered is found by ``walras verify``, and in the rounds that are computed again.

    Raises:
        BadInput: a table has fewer or more rows than were written, or the run is no longer the one
            that was begun.
    """
    written: Counter[str] = Counter()
    link = NO_DIGEST
    for piece in read_pieces(run, DIGESTS, ["trial", "table", "rows", "digest"]):
        for row in piece.to_pylist():
            written[row["table"]] += row["rows"]
            if row["table"] == RUN_JSON:
                _check_description(run, row["trial"], link, row["digest"])
            if row["table"] != TIMINGS:
                link = row["digest"]
    checkpoint = read_checkpoint(run)
    if checkpoint is not None and checkpoint.log_digest != link:
        raise BadInput(f"{run}: table {DIGESTS}", "does not end with the digest of the checkpoint")
    for table in TABLES:
        if table in written:
            rows = read_table(run, table, ["round"]).num_rows
            if rows != written[table]:
                problem = f"expected the {written[table]} rows that were written, found {rows}"
                raise BadInput(f"{run}: table {table}", problem)


def _check_description(run: Path, trial: int, before: str, begun_with: str) -> None:
    """Whether a trial began with what is described now."""
    if Chains.start(run, trial, before).log != begun_with:
        problem = f"says that something else is run than when trial {trial} began"
        raise BadInput(str(run / RUN_JSON), problem)
