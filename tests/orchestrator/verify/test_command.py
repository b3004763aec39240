"""``walras verify`` as a person uses it: what it prints, and how it exits."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from orchestrator.cli import main
from orchestrator.runs.directory import set_status
from tests.orchestrator.verify.logs import log_of


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return log_of("auction", tmp_path_factory.mktemp("runs"))


def verify(run: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["verify", str(run), *options])


def altered(run: Path) -> tuple[Path, bytes]:
    """The first part of ``bids``, in which the second bid is another, and what it was."""
    part = next((run / "bids").glob("*.parquet"))
    before, rows = part.read_bytes(), pq.ParquetFile(part).read()
    bids = rows["chat_bid"].to_pylist()
    bids[1] *= 2
    place = rows.schema.get_field_index("chat_bid")
    field = rows.schema.field(place)
    pq.write_table(rows.set_column(place, field, pa.array(bids, field.type)), part)
    return part, before


def test_an_honest_log_holds_and_what_was_checked_is_said(run: Path) -> None:
    said = verify(run)
    assert said.exit_code == 0
    assert said.stdout.splitlines()[-1] == f"{run}: holds"
    assert "optima of chat clearings" in said.stdout
    assert verify(run, "--quiet").stdout == f"{run}: holds\n"


def test_the_first_bad_row_comes_first_and_the_exit_status_is_one(run: Path) -> None:
    part, before = altered(run)
    try:
        said, lines = verify(run), verify(run, "--json")
    finally:
        part.write_bytes(before)
    assert said.exit_code == lines.exit_code == 1
    assert "bids" in said.stdout.splitlines()[0]
    assert "does not hold" in said.stdout.splitlines()[-1]
    assert json.loads(lines.stdout)["findings"][0]["table"] == "bids"


def test_what_is_no_run_is_bad_input(tmp_path: Path) -> None:
    said = verify(tmp_path)
    assert said.exit_code == 2
    assert said.stderr == f"walras: {tmp_path}: expected a run's directory with a run.json in it\n"


def test_a_status_that_changes_leaves_what_is_run_to_the_letter(tmp_path: Path) -> None:
    """Digests begin with it; a whole number that is read as a float is written as another text."""
    run = log_of("routed", tmp_path)
    path = run / "run.json"
    said = json.loads(path.read_text())
    said["scenario"]["electricity"]["day_s"] = 86400
    path.write_text(json.dumps(said))
    set_status(run, "interrupted")
    after = json.loads(path.read_text())
    assert after.pop("status") == "interrupted"
    assert json.dumps(after["scenario"]) == json.dumps(said["scenario"])
