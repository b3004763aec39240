from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from market.errors import BadInput
from orchestrator.log import LogView, LogWriter, read_checkpoint, read_pieces, read_table
from orchestrator.log import parts as parts_module
from orchestrator.log.checkpoint import CHECKPOINT, PENDING
from orchestrator.log.tables import TABLES
from tests.orchestrator.log.rounds import describe, rows_of, shown_by_reader, written_up_to


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two rounds in parts, two that are pending."""
    describe(tmp_path)
    log = LogWriter(tmp_path, 0)
    for round_ in range(1, 5):
        log.add(rows_of(0, round_))
        log.commit(round_)
        if round_ == 2:
            log.publish()
    return tmp_path


def test_what_was_counted_when_a_view_was_taken_is_what_it_shows(run: Path) -> None:
    with LogView(run) as view:
        log = LogWriter(run, 0)
        log.add(rows_of(0, 5))
        log.commit(5)
        log.close()
        rounds = [n for piece in view.pieces("timings") for n in piece["round"].to_pylist()]
    assert rounds == [1, 2, 3, 4]
    assert shown_by_reader(run) == written_up_to(0, 5, 5)


def test_a_log_that_is_switched_while_it_is_opened_is_read_again(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestrator.log import reader

    plain, writer = reader.parts_in_place, [LogWriter(run, 0)]

    def switched(place: Path, table: str) -> object:
        found = plain(place, table)
        if writer:
            writer.pop().close()
        return found

    monkeypatch.setattr(reader, "parts_in_place", switched)
    assert read_table(run, "timings")["round"].to_pylist() == [1, 2, 3, 4]


def test_the_rows_come_in_pieces_of_bounded_size(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts_module, "ROW_GROUP_BYTES", 100)
    LogWriter(run, 0).close()
    pieces = list(read_pieces(run, "settlements", ["trial", "round"]))
    assert len(pieces) > 2
    assert sum(piece.num_rows for piece in pieces) == 6


@pytest.mark.parametrize("content", [b"PAR1 but not really", b"", b"PAR1" * 9])
def test_a_part_that_is_no_parquet_is_named(run: Path, content: bytes) -> None:
    (part,) = (run / "timings").iterdir()
    part.write_bytes(content)
    with pytest.raises(BadInput, match="is not a readable part of the log") as caught:
        read_table(run, "timings")
    assert caught.value.where == str(part)


def test_a_damaged_part_or_commit_is_told_or_harmless(run: Path, tmp_path: Path) -> None:
    for path in ((run / "settlements" / "part-0000-000000.parquet"), *(run / PENDING).iterdir()):
        content = path.read_bytes()
        told = 0
        for place in range(0, len(content), 97):
            path.write_bytes(content[:place] + bytes([content[place] ^ 64]) + content[place + 1 :])
            with suppress(BadInput):
                read_table(run, "settlements")
                continue
            told += 1
        for length in range(0, len(content), 301):
            path.write_bytes(content[:length])
            with pytest.raises(BadInput):
                read_table(run, "settlements")
        assert told
        path.write_bytes(content)


def test_a_file_of_another_name_is_no_part(run: Path) -> None:
    shutil.copy(run / "timings" / "part-0000-000000.parquet", run / "timings" / "copy.parquet")
    with pytest.raises(BadInput, match=r"copy\.parquet: is not the name of a part of the log"):
        read_table(run, "timings")


def test_a_commit_that_is_missing_is_named_and_nothing_is_changed(run: Path) -> None:
    name = sorted(os.listdir(run / PENDING))[0]
    (run / PENDING / name).unlink()
    before = sorted(run.rglob("*"))
    for look in (lambda: read_table(run, "timings"), lambda: LogWriter(run, 0)):
        with pytest.raises(BadInput, match=f"{name}: is named by the checkpoint, but not there"):
            look()
    assert sorted(run.rglob("*")) == before


def test_a_checkpoint_that_is_cut_short_anywhere_is_told(run: Path) -> None:
    path = run / CHECKPOINT
    text = path.read_text()
    for length in range(len(text) - 1):
        path.write_text(text[:length])
        with pytest.raises(BadInput, match="is not a checkpoint of ours") as caught:
            read_checkpoint(run)
        assert caught.value.where == str(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("trial", -1),
        ("trial", True),
        ("round", 1.5),
        ("round", 1e30),
        ("pending", ["../../etc/passwd"]),
        ("placing", ["bids/../part-0000-000000.parquet"]),
        ("removing", ["nonsense/part-0000-000000.parquet"]),
        ("log_digest", "x"),
        ("other", 1),
    ],
)
def test_a_checkpoint_of_nonsense_is_told(run: Path, key: str, value: object) -> None:
    path = run / CHECKPOINT
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(BadInput, match=f"is not a checkpoint of ours: {key}"):
        LogWriter(run, 0)


def test_a_directory_without_a_log_has_empty_tables(tmp_path: Path) -> None:
    assert read_checkpoint(tmp_path) is None
    assert not any(read_table(tmp_path, table).num_rows for table in TABLES)
