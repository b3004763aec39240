from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from market.errors import BadInput
from orchestrator.log import LogWriter, read_table
from orchestrator.log import writer as writer_module
from orchestrator.log.schema import SCHEMAS
from orchestrator.log.tables import TABLES, SettlementRow, TimingRow
from orchestrator.log.writer import CHECKPOINT, PENDING, publish_pending


def timing(round_: int) -> TimingRow:
    return TimingRow(0, round_, 0.1, 0.2, 0.3, 0.4)


def settlement(round_: int) -> SettlementRow:
    return SettlementRow(0, round_, "chat", "r", "c", "p", "h", 3, 2, 1, False, None, None)


def visible(run: Path, table: str) -> list[int]:
    """The rounds that a reader sees."""
    return read_table(run, table)["round"].to_pylist()


class PowerCut(Exception):
    """The process dies here."""


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    log = LogWriter(tmp_path, 0)
    log.add([timing(1), settlement(1), timing(2)])
    log.commit(2)
    assert read_table(tmp_path, "timings").to_pylist() == [timing(n)._asdict() for n in (1, 2)]
    assert read_table(tmp_path, "settlements").to_pylist() == [settlement(1)._asdict()]


def test_a_part_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    part = tmp_path / "timings" / "part-0000-000000.parquet"
    part.parent.mkdir()
    part.write_bytes(b"PAR1 but not really")
    with pytest.raises(BadInput, match="is not a readable part of the log") as caught:
        read_table(tmp_path, "timings")
    assert caught.value.where == str(part)


def test_nothing_is_visible_before_the_commit(tmp_path: Path) -> None:
    log = LogWriter(tmp_path, 0)
    log.add([timing(1)])
    assert visible(tmp_path, "timings") == []


def test_a_commit_leaves_nothing_pending_and_says_how_far_it_came(tmp_path: Path) -> None:
    log = LogWriter(tmp_path, 0)
    log.add([timing(1), settlement(1)])
    log.commit(1)
    assert not list((tmp_path / PENDING).iterdir())
    checkpoint = json.loads((tmp_path / CHECKPOINT).read_text())
    parts = ["settlements/part-0000-000000.parquet", "timings/part-0000-000000.parquet"]
    assert checkpoint == {"trial": 0, "round": 1, "sequence": 0, "parts": parts}


def test_rows_without_a_checkpoint_never_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LogWriter(tmp_path, 0)
    log.add([timing(1)])
    log.commit(1)
    log.add([timing(2)])
    monkeypatch.setattr(writer_module, "write_json_atomically", _power_cut)
    with pytest.raises(PowerCut):
        log.commit(2)
    publish_pending(tmp_path)
    assert visible(tmp_path, "timings") == [1]


def test_what_the_checkpoint_names_is_published_after_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LogWriter(tmp_path, 0)
    log.add([timing(1), settlement(1)])
    with monkeypatch.context() as patch:
        patch.setattr(writer_module, "publish_pending", _power_cut)
        with pytest.raises(PowerCut):
            log.commit(1)
    assert not (tmp_path / "timings").exists()
    assert visible(tmp_path, "timings") == visible(tmp_path, "settlements") == [1]
    for _ in range(2):
        publish_pending(tmp_path)
        assert (tmp_path / "timings" / "part-0000-000000.parquet").exists()
        assert visible(tmp_path, "timings") == visible(tmp_path, "settlements") == [1]


def test_the_json_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    writer_module.write_json_atomically(path, {"a": 1})
    with pytest.raises(TypeError):
        writer_module.write_json_atomically(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}


def test_every_column_of_every_table_says_what_it_means() -> None:
    for table, schema in SCHEMAS.items():
        assert schema.names[:2] == ["trial", "round"]
        assert schema.names == list(TABLES[table]._fields)
        assert all(field.metadata[b"doc"] for field in schema)


def test_the_meaning_of_a_column_is_in_the_file(tmp_path: Path) -> None:
    log = LogWriter(tmp_path, 0)
    log.add([timing(1)])
    log.commit(1)
    (part,) = (tmp_path / "timings").iterdir()
    assert pq.read_schema(part).field("engines_s").metadata[b"doc"] == b"advancing the providers"


def _power_cut(*_: object) -> None:
    raise PowerCut
