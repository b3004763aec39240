from __future__ import annotations

import copy
import itertools
import json
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import BadInput
from orchestrator.log import LogWriter, Mismatch, check_digests, read_table
from orchestrator.log.canonical import CanonicalRows
from orchestrator.log.checkpoint import CHECKPOINT
from orchestrator.log.digests import Chains
from orchestrator.log.schema import SCHEMAS
from orchestrator.log.tables import TABLE_OF, TABLES
from orchestrator.log.writer import arrow_table
from tests.orchestrator.log.rounds import describe, rows_of, write_rounds

ROUNDS = 5
TRIALS = 2

Cells = list[dict[str, Any]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two trials with one part for each table and trial."""
    run = tmp_path_factory.mktemp("whole")
    describe(run)
    for trial in range(TRIALS):
        write_rounds(run, trial, range(1, ROUNDS + 1), every=2)
    return run


def changed(whole: Path, run: Path, table: str, rows: Cells) -> Path:
    """A copy of a run with other rows in one table, which is always the same one of a copy."""
    if not run.exists():
        shutil.copytree(whole, run)
        shutil.rmtree(run / table)
        (run / table).mkdir()
    part = run / table / "part-0000-000000.parquet"
    pq.write_table(pa.Table.from_pylist(rows, SCHEMAS[table]), part)
    return run


def rows_in(whole: Path, table: str) -> Cells:
    rows: Cells = read_table(whole, table).to_pylist()
    return rows


def place(rows: Cells, index: int) -> tuple[int, int, int]:
    """Trial and round of a row, and its number in that round."""
    at = (rows[index]["trial"], rows[index]["round"])
    first = next(n for n, row in enumerate(rows) if (row["trial"], row["round"]) == at)
    return *at, index - first


def altered(value: Any, kind: pa.DataType) -> list[Any]:
    """Values of a kind that are as near to a value as can be."""
    if value is None:
        return [[] if pa.types.is_list(kind) else pa.scalar(0).cast(kind).as_py()]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, -value - 1]
    if isinstance(value, float):
        return [float(np.nextafter(value, 9e9)), -value if value else -0.0 + value - 1e-300]
    if isinstance(value, str):
        return [value + " ", "\0" + value]
    first = value[0] if value else pa.scalar(0).cast(kind.value_type).as_py()
    longer = [[*value, first], value[:-1] if value else [first, first]]
    return longer + [[other, *value[1:]] for other in altered(first, kind.value_type)]


@pytest.mark.parametrize("table", ["settlements", "nodes", "hubs", "timings"])
def test_any_altered_value_is_found_and_its_row_is_named(
    whole: Path, tmp_path: Path, table: str
) -> None:
    rows = rows_in(whole, table)
    index = 4
    where = place(rows, index)
    for column in TABLES[table]._fields:
        for value in altered(rows[index][column], SCHEMAS[table].field(column).type):
            edited = copy.deepcopy(rows)
            edited[index][column] = value
            run = changed(whole, tmp_path / "run", table, edited)
            expected = Mismatch(*where[:2], table, where[2], index, "altered")
            assert check_digests(run) == expected, (column, value)


@pytest.mark.parametrize("table", ["settlements", "hubs", "timings"])
def test_a_row_that_was_removed_added_or_moved_is_named(
    whole: Path, tmp_path: Path, table: str
) -> None:
    rows = rows_in(whole, table)
    for index in range(0, len(rows), 3):
        where = place(rows, index)
        run = changed(whole, tmp_path / "run", table, rows[:index] + rows[index + 1 :])
        assert check_digests(run) == Mismatch(*where[:2], table, where[2], index, "missing")
        twice = [*rows[: index + 1], *rows[index:]]
        run = changed(whole, tmp_path / "run", table, twice)
        expected = Mismatch(*where[:2], table, where[2] + 1, index + 1, "extra")
        assert check_digests(run) == expected
    swapped = rows[:]
    swapped[1], swapped[2] = swapped[2], swapped[1]
    found = check_digests(changed(whole, tmp_path / "run", table, swapped))
    assert found is not None
    assert (found.table, found.index) == (table, 1)


def test_any_altered_digest_is_found(whole: Path, tmp_path: Path) -> None:
    rows = rows_in(whole, "digests")
    for index in range(0, len(rows), 9):
        for column in ("rows", "digest", "row_digests", "table", "round", "trial"):
            edited = copy.deepcopy(rows)
            edited[index][column] = altered(
                rows[index][column], SCHEMAS["digests"].field(column).type
            )[0]
            found = check_digests(changed(whole, tmp_path / "run", "digests", edited))
            assert found is not None, (index, column)
            assert (found.table, found.index) == ("digests", index), (rows[index], column)


def test_a_digest_that_was_removed_or_doubled_is_found_where_it_stood(
    whole: Path, tmp_path: Path
) -> None:
    rows = rows_in(whole, "digests")
    for index in range(0, len(rows), 4):
        found = check_digests(
            changed(whole, tmp_path / "run", "digests", rows[:index] + rows[index + 1 :])
        )
        assert found is not None, index
        assert found.table in ("digests", rows[index]["table"]), (index, rows[index])
        twice = [*rows[: index + 1], *rows[index:]]
        found = check_digests(changed(whole, tmp_path / "run", "digests", twice))
        assert found is not None
        assert (found.table, found.index) == ("digests", index + 1)


@pytest.mark.parametrize(
    "change", [{"seed": 8}, {"name": "tset"}, {"scenario": {"rounds": 9.0}}, {"scenario": {}}]
)
def test_an_altered_run_json_is_found(whole: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    run = shutil.copytree(whole, tmp_path / "run")
    describe(run, **change)
    assert check_digests(run) == Mismatch(0, 0, "run.json", None, None, "altered")
    describe(run, status="complete", resumed=[1])
    assert check_digests(run) is None


def test_an_altered_end_of_the_chain_is_found(whole: Path, tmp_path: Path) -> None:
    for name in ("log_digest", "timings_digest"):
        run = shutil.copytree(whole, tmp_path / name)
        checkpoint = json.loads((run / CHECKPOINT).read_text())
        checkpoint[name] = checkpoint[name][::-1]
        (run / CHECKPOINT).write_text(json.dumps(checkpoint))
        found = check_digests(run)
        assert found is not None
        assert (found.trial, found.round, found.table) == (1, ROUNDS, "digests")


def test_a_run_that_is_not_over_is_checked_as_far_as_it_goes(tmp_path: Path) -> None:
    describe(tmp_path)
    assert check_digests(tmp_path) is None
    log = LogWriter(tmp_path, 0)
    log.add(rows_of(0, 1))
    log.commit(1)
    assert check_digests(tmp_path) is None
    describe(tmp_path, seed=99)
    assert check_digests(tmp_path) == Mismatch(0, 0, "run.json", None, None, "altered")


def test_parts_without_a_checkpoint_are_told(whole: Path, tmp_path: Path) -> None:
    run = shutil.copytree(whole, tmp_path / "run")
    (run / CHECKPOINT).unlink()
    with pytest.raises(BadInput, match=f"has parts in .*, but no {CHECKPOINT}"):
        check_digests(run)


def test_a_mismatch_is_one_line() -> None:
    assert (
        str(Mismatch(1, 7, "bids", 3, 9, "extra")) == "trial 1, round 7, table bids, row 3: extra"
    )
    assert str(Mismatch(0, 0, "run.json", None, None, "altered")).endswith("run.json: altered")


def rows_of_rounds(table: str) -> pa.Table:
    rows = [row for n in range(1, 9) for row in rows_of(0, n) if TABLE_OF[type(row)] == table]
    return arrow_table(table, rows)


@given(table=st.sampled_from(["settlements", "nodes", "hubs"]), cuts=st.lists(st.integers(0, 12)))
def test_digests_do_not_depend_on_chunks(table: str, cuts: list[int]) -> None:
    rows = rows_of_rounds(table)
    bounds = [0, *sorted(min(cut, rows.num_rows) for cut in cuts), rows.num_rows]
    pieces = [rows.slice(a, b - a) for a, b in itertools.pairwise(bounds)]
    chunked = pa.concat_tables(pieces)
    zeros = "0" * 64
    assert Chains(zeros, zeros).rows({table: chunked}) == Chains(zeros, zeros).rows({table: rows})


TEXT = st.text(st.characters(codec="utf-8"), max_size=6)
COLUMNS = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(allow_nan=False),
    pa.string(): TEXT,
    pa.bool_(): st.booleans(),
    pa.list_(pa.int64()): st.lists(st.none() | st.integers(-9, 9), max_size=4),
    pa.list_(pa.string()): st.lists(TEXT, max_size=3),
}


@given(data=st.data(), kind=st.sampled_from(list(COLUMNS)))
def test_equal_rows_alone_have_equal_digests(data: st.DataObject, kind: pa.DataType) -> None:
    values = data.draw(st.lists(st.none() | COLUMNS[kind], min_size=2, max_size=6))
    rows = CanonicalRows(pa.table({"x": pa.array(values, kind)}))
    digests = rows.row_digests()
    content = [b"".join(p.tobytes() for p in rows.pieces(n, n + 1)) for n in range(len(values))]
    keys = [repr(value) for value in values]
    for one, key in enumerate(keys):
        for other, its in enumerate(keys):
            assert (
                (key == its) == (digests[one] == digests[other]) == (content[one] == content[other])
            )


def test_the_first_link_depends_on_the_trial_and_on_the_trial_before(tmp_path: Path) -> None:
    describe(tmp_path)
    links: dict[str, int] = defaultdict(int)
    for trial, before in ((0, "0" * 64), (1, "0" * 64), (0, "1" * 64)):
        links[Chains.start(tmp_path, trial, before).log] += 1
    assert len(links) == 3
