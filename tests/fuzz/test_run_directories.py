"""Mutated runs: whoever reads a run's directory reads it or refuses it, in a line and in time."""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from market.errors import BadInput
from orchestrator.analysis.summary import summarize
from orchestrator.audit import audit_path
from orchestrator.cli import main
from orchestrator.past_bids import past_bids
from orchestrator.report import write_report
from orchestrator.runs.run_file import read_run_file
from tests.fuzz.bounded import answered
from tests.fuzz.mutation import mangled, mutated
from tests.fuzz.scenarios import RICH
from tests.strategies import examples

randoms = st.randoms(use_true_random=False)


def _audit(run: Path) -> None:
    options = {"sides": None, "owners": None, "cost_basis": None, "limit": 1}
    for _ in audit_path(run, progress=lambda *shown: None, **options):
        pass


#: Whoever reads the directory of a run.
READERS: dict[str, Callable[[Path], object]] = {
    "report": lambda run: write_report([run], run / "report.html"),
    "summary": summarize,
    "audit": _audit,
    "prior": lambda run: past_bids(run, "a", scaled=True, where="prior"),
}


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    """A small run."""
    folder = tmp_path_factory.mktemp("run")
    scenario = folder / "rich.yaml"
    scenario.write_text(yaml.safe_dump(RICH | {"compare": []}))
    command = ["run", str(scenario), "--ray", "off", "--quiet", "--out", str(folder / "run")]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    return folder / "run"


def copied(good: Path) -> Path:
    run = good.with_name("mutated")
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(good, run)
    return run


@pytest.mark.parametrize("reader", READERS)
def test_a_good_run_is_read(good, reader):
    READERS[reader](copied(good))


@pytest.mark.parametrize("reader", READERS)
def test_a_run_with_mangled_bytes_is_read_or_refused(good, reader):
    files = sorted(path.relative_to(good) for path in good.rglob("*") if path.is_file())

    @examples(8)
    @given(st.sampled_from(files), randoms)
    def check(file: Path, random: Random) -> None:
        run = copied(good)
        (run / file).write_bytes(mangled((run / file).read_bytes(), random))
        answered(partial(READERS[reader], run))

    check()


@pytest.mark.parametrize("reader", ["audit", "prior"])
def test_a_run_with_a_mutated_description_is_read_or_refused(good, reader):
    description = json.loads((good / "run.json").read_text())

    @examples(8)
    @given(randoms)
    def check(random: Random) -> None:
        run = copied(good)
        text = json.dumps(mutated(description, random))
        (run / "run.json").write_bytes(text.encode("utf-8", "surrogatepass"))
        answered(partial(READERS[reader], run))

    check()


@pytest.mark.parametrize("reader", READERS)
def test_a_run_without_one_of_its_files_is_read_or_refused(good, reader):
    for path in sorted(good.rglob("*-000000*")):
        run = copied(good)
        (run / path.relative_to(good)).unlink()
        answered(partial(READERS[reader], run))


@pytest.mark.parametrize("reader", READERS)
def test_a_run_with_mutated_rows_is_read_or_refused(good, reader):
    parts = sorted(path.relative_to(good) for path in good.rglob("part-*.parquet"))

    @examples(10)
    @given(st.sampled_from(parts), randoms)
    def check(part: Path, random: Random) -> None:
        run = copied(good)
        table = pq.ParquetFile(run / part).read()
        pq.write_table(_other_rows(table, random), run / part)
        answered(partial(READERS[reader], run))

    check()


def _other_rows(table: pa.Table, random: Random) -> pa.Table:
    """A table in which one column, or the number of rows, is another."""
    at = random.randrange(table.num_columns)
    name, kind = table.column_names[at], table.schema.types[at]
    change = random.choice(("rows", "twice", "drop", "null", "value", "type"))
    if change == "rows":
        return table.slice(0, random.randint(0, table.num_rows))
    if change == "twice":
        return pa.concat_tables([table, table])
    if change == "drop":
        return table.drop_columns([name])
    if change == "type":
        return table.set_column(at, name, pa.array(["?"] * table.num_rows))
    known = {"double": [float("nan"), float("inf"), 0.0, -1.0], "int64": [0, -1, 2**62]}
    value = None if change == "null" else random.choice(known.get(str(kind), [None]))
    return table.set_column(at, name, pa.array([value] * table.num_rows, kind))


@pytest.mark.parametrize("content", [b"", b"\xff", b"{}", b"[]", b"[" * 10**6, b"\x00" * 100])
def test_a_description_of_nothing_is_refused(good, content):
    run = copied(good)
    (run / "run.json").write_bytes(content)
    with pytest.raises(BadInput, match=r"run\.json"):
        read_run_file(run)


def rewritten(good: Path, table: str, change: Callable[[pa.Table], pa.Table]) -> Path:
    """A copy of the run in which every part of a table is changed."""
    run = copied(good)
    for part in (run / table).glob("part-*.parquet"):
        pq.write_table(change(pq.ParquetFile(part).read()), part)
    return run


def test_a_run_that_lost_its_providers_is_not_audited(good):
    run = rewritten(good, "providers", lambda rows: rows.slice(0, 0))
    with pytest.raises(BadInput):
        _audit(run)


def test_an_absence_of_no_known_reason_is_refused(good):
    def unknown(rows: pa.Table) -> pa.Table:
        at = rows.column_names.index("absence")
        return rows.set_column(at, "absence", pa.array(["?"] * rows.num_rows))

    with pytest.raises(BadInput):
        summarize(rewritten(good, "bids", unknown))
