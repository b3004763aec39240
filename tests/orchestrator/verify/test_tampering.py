"""Whatever one thing is altered in a log, it is caught, and the first bad row is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks.tampering import tampered
from market.errors import BadInput
from orchestrator.log import read_table
from orchestrator.log.digest_check import check_digests
from orchestrator.log.digests import DESCRIBED
from orchestrator.log.tables import TABLES
from orchestrator.verify import verify_run
from tests.orchestrator.verify.logs import MARKETS, log_of

COPIES = 36  # of each market's log


@pytest.fixture(scope="module", params=sorted(MARKETS))
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return log_of(request.param, tmp_path_factory.mktemp("logs"))


@contextmanager
def other_rows(run: Path, table: str, rows: Any) -> Iterator[None]:
    """For a while a table has other rows."""
    kept = run.parent / f"kept-{table}"
    (run / table).rename(kept)
    (run / table).mkdir()
    try:
        pq.write_table(rows, run / table / "part-0000-000000.parquet")
        yield
    finally:
        shutil.rmtree(run / table)
        kept.rename(run / table)


def test_every_altered_copy_is_caught_and_the_first_bad_row_is_named(run: Path):
    rng = np.random.default_rng(5)
    whole = {table: read_table(run, table) for table in TABLES}
    filled = [table for table, rows in whole.items() if rows.num_rows]
    assert "digests" in filled
    assert check_digests(run) is None
    for _ in range(COPIES):
        table = str(rng.choice(filled))
        rows, what = tampered(table, whole[table], rng)
        with other_rows(run, table, rows):
            mismatch = check_digests(run)
        assert mismatch is not None, what
        if table == "digests" and not what.column:
            continue  # rows without a digest are as well rows too many
        assert mismatch.table == table, what
        if what.column not in ("trial", "round") and table != "digests":
            assert mismatch.index in what.places, (what, mismatch)


def test_every_altered_word_of_the_description_is_caught(run: Path):
    path = run / "run.json"
    text = path.read_text(encoding="utf-8")
    rng = np.random.default_rng(7)
    try:
        for key in (*DESCRIBED, *["scenario"] * 4):
            said = json.loads(text)
            alter(said, key, rng)
            path.write_text(json.dumps(said), encoding="utf-8")
            assert caught(run), said
    finally:
        path.write_text(text, encoding="utf-8")


def alter(within: dict[str, Any], key: str, rng: np.random.Generator) -> None:
    """Alter a value, or one below it."""
    while isinstance(within[key], dict) and within[key]:
        within, key = within[key], str(rng.choice(sorted(within[key])))
    value = within[key]
    if isinstance(value, list | dict) or value is None:
        within[key] = "x"
    else:
        within[key] = value + "x" if isinstance(value, str) else value + 1


def caught(run: Path) -> bool:
    """Whether it is no run any more, or not the one that was logged."""
    try:
        verdict = next(verify_run(run, payments="none"))
    except BadInput:
        return True
    return verdict.findings[0].table == "run.json"


def test_a_log_that_nobody_altered_holds(run: Path):
    (verdict,) = verify_run(run)
    assert verdict.findings == []
    assert verdict.coverage.checked["clearings of matching hubs"] > 5
    assert verdict.coverage.checked["workflow auctions"] >= 2
