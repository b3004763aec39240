from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from market.errors import BadInput, NotWritten
from orchestrator.log import LogWriter, check_digests, read_checkpoint, read_table
from orchestrator.log import parts as parts_module
from orchestrator.log import writer as writer_module
from orchestrator.log.checkpoint import CHECKPOINT, PENDING
from orchestrator.log.durable import write_json_atomically
from orchestrator.log.schema import SCHEMAS
from orchestrator.log.tables import TABLES, TimingRow
from tests.orchestrator.log.failing_disk import (
    Killed,
    WatchedDisk,
    failing_from,
    full,
    killed,
    read_only,
)
from tests.orchestrator.log.rounds import (
    Shown,
    describe,
    rows_of,
    shown_by_glob,
    shown_by_reader,
    write_rounds,
    written_up_to,
)

NOTHING: Shown = written_up_to(0, 0, 0)
ROUNDS = 3
WHOLE: Shown = written_up_to(1, ROUNDS, ROUNDS)


def timing(round_: int) -> TimingRow:
    return TimingRow(0, round_, 0.1, 0.2, 0.3, 0.4)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pending commits become parts, two parts become one; nothing waits for the disk."""
    monkeypatch.setattr(writer_module, "MOST_PENDING", 2)
    monkeypatch.setattr(parts_module, "MERGED_PARTS", 2)
    monkeypatch.setattr(os, "fsync", lambda file: None)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    describe(tmp_path)
    return tmp_path


def in_order(seen: Shown, of: Shown) -> bool:
    """Whether rows are some of others, each once, in their order."""
    for table, rows in seen.items():
        left = iter(of[table])
        if not all(any(row == other for other in left) for row in rows):
            return False
    return True


def test_rows_come_back_as_they_were_written_in_their_order(run: Path, often: None) -> None:
    for trial in range(3):
        write_rounds(run, trial, range(1, 10))
    assert shown_by_reader(run) == shown_by_glob(run) == written_up_to(2, 9, 9)
    levels = [part.level for part in parts_module.parts_in_place(run, "timings")]
    assert levels == sorted(set(levels), reverse=True)
    assert levels[0] > 2


def test_columns_are_read_as_asked(run: Path) -> None:
    write_rounds(run, 0, range(1, 4))
    assert read_table(run, "hubs", ["hub", "round"]).column_names == ["hub", "round"]
    assert read_table(run, "workflows", ["name"]).column_names == ["name"]


def test_nothing_counts_before_the_commit(run: Path) -> None:
    log = LogWriter(run, 0)
    log.add(rows_of(0, 1))
    assert shown_by_reader(run) == NOTHING
    assert read_checkpoint(run) is None


def test_a_commit_counts_at_once_and_is_seen_by_a_glob_when_it_is_published(run: Path) -> None:
    log = LogWriter(run, 0)
    log.add(rows_of(0, 1))
    log.commit(1)
    one = written_up_to(0, 1, 9)
    assert (shown_by_reader(run), shown_by_glob(run)) == (one, NOTHING)
    log.publish()
    assert shown_by_reader(run) == shown_by_glob(run) == one
    assert not list((run / PENDING).iterdir())
    checkpoint = json.loads((run / CHECKPOINT).read_text())
    assert (checkpoint["trial"], checkpoint["round"], checkpoint["over"]) == (0, 1, False)
    log.close()
    assert json.loads((run / CHECKPOINT).read_text())["over"]


def test_rows_become_parquet_when_they_have_waited_long(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LogWriter(run, 0)
    for round_, seconds in ((1, 60.0), (2, 0.0)):
        monkeypatch.setattr(writer_module, "PENDING_S", seconds)
        log.add(rows_of(0, round_))
        log.commit(round_)
        assert bool(shown_by_glob(run)["timings"]) == (not seconds)


def test_a_commit_without_rows_moves_the_round_on(run: Path) -> None:
    log = LogWriter(run, 0)
    log.add(rows_of(0, 1))
    log.commit(1)
    log.commit(4)
    checkpoint = read_checkpoint(run)
    assert checkpoint is not None
    assert checkpoint.round == 4
    assert check_digests(run) is None


def test_a_writer_goes_on_from_the_checkpoint(run: Path, often: None) -> None:
    for first in range(1, 12, 3):
        log = LogWriter(run, 0)
        for round_ in range(first, first + 3):
            log.add(rows_of(0, round_))
            log.commit(round_)
        log.add(rows_of(0, 99))
    assert shown_by_reader(run) == written_up_to(0, 12, 12)
    assert check_digests(run) is None


def test_digests_do_not_depend_on_commits_nor_on_how_often_it_went_on(tmp_path: Path) -> None:
    found = []
    for every in (1, 2, 9):
        run = tmp_path / str(every)
        run.mkdir()
        describe(run)
        write_rounds(run, 0, range(1, 5), every)
        write_rounds(run, 0, range(5, 10), every)
        write_rounds(run, 1, range(1, 4), every)
        found.append(read_table(run, "digests").to_pylist())
    assert found[0] == found[1] == found[2]


def test_an_earlier_trial_is_not_written_again(run: Path) -> None:
    write_rounds(run, 1, range(1, 3))
    with pytest.raises(BadInput, match="its log is in trial 1, so trial 0 cannot be written"):
        LogWriter(run, 0)


def two_trials(run: Path) -> None:
    write_rounds(run, 0, range(1, ROUNDS + 1))
    write_rounds(run, 1, range(1, ROUNDS + 1))


def go_on(run: Path) -> None:
    """Write what is left of two trials, from wherever the log stands."""
    checkpoint = read_checkpoint(run)
    trial, round_ = (checkpoint.trial, checkpoint.round) if checkpoint else (0, 0)
    write_rounds(run, trial, range(round_ + 1, ROUNDS + 1))
    if trial == 0:
        write_rounds(run, 1, range(1, ROUNDS + 1))


def committed(run: Path) -> Shown:
    """What counts by the checkpoint."""
    checkpoint = read_checkpoint(run)
    if checkpoint is None:
        return NOTHING
    return written_up_to(checkpoint.trial, checkpoint.round, ROUNDS)


def check_shown(run: Path) -> Shown:
    """All that was committed counts, and a glob shows nothing else and nothing twice."""
    counted = committed(run)
    assert shown_by_reader(run) == counted
    assert in_order(shown_by_glob(run), counted)
    return counted


def test_at_every_moment_at_which_it_may_be_killed_it_shows_what_was_committed(
    tmp_path: Path, often: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, copy = tmp_path / "run", tmp_path / "copy"
    run.mkdir()
    describe(run)
    rounds_seen = [0]

    def killed_and_opened_again(moment: int) -> None:
        rounds_seen.append(len(check_shown(run)["timings"]))
        if moment % 4:
            return
        shutil.copytree(run, copy)
        checkpoint = read_checkpoint(copy)
        LogWriter(copy, checkpoint.trial if checkpoint else 0)
        assert in_order(shown_by_glob(copy), committed(copy))
        if moment % 32 == 0:
            go_on(copy)
            assert shown_by_reader(copy) == shown_by_glob(copy) == WHOLE
            assert check_digests(copy) is None
            assert not list((copy / PENDING).iterdir())
        shutil.rmtree(copy)

    with monkeypatch.context() as patch:
        disk = WatchedDisk(patch, killed_and_opened_again)
        two_trials(run)
    assert disk.done > 200
    assert rounds_seen == sorted(rounds_seen)
    assert shown_by_reader(run) == shown_by_glob(run) == WHOLE


def test_however_often_it_is_killed_while_it_goes_on_nothing_is_lost(
    run: Path, often: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = 0
    for attempt in range(1, 1000):
        try:
            with monkeypatch.context() as patch:
                WatchedDisk(patch, failing_from(11 + attempt % 17, killed))
                go_on(run)
        except Killed:
            kills += 1
            check_shown(run)
        else:
            break
    assert kills > 15
    assert shown_by_glob(run) == WHOLE
    assert check_digests(run) is None


@pytest.mark.parametrize(("why", "step"), [(full, 2), (read_only, 16)])
def test_a_disk_that_refuses_is_told_in_one_line_and_what_counts_is_kept(
    tmp_path: Path,
    often: None,
    monkeypatch: pytest.MonkeyPatch,
    why: Callable[[], None],
    step: int,
) -> None:
    reason = {full: "No space left on device", read_only: "Read-only file system"}[why]
    for moment in range(0, 100, step):
        run = tmp_path / str(moment)
        run.mkdir()
        describe(run)
        with monkeypatch.context() as patch:
            WatchedDisk(patch, failing_from(moment, why))
            with pytest.raises(NotWritten) as caught:
                write_rounds(run, 0, range(1, ROUNDS + 1))
        counted = check_shown(run)
        rounds = len(counted["timings"])
        kept = (
            ""
            if read_checkpoint(run) is None
            else f"; the log is kept of trial 0 up to round {rounds}"
        )
        assert str(caught.value).endswith(f": cannot be written: {reason}{kept}")
        LogWriter(run, 0)
        check_shown(run)


def test_a_directory_that_vanished_is_told(tmp_path: Path) -> None:
    log = LogWriter(tmp_path / "gone", 0)
    log.add(rows_of(0, 1))
    with pytest.raises(NotWritten, match="No such file or directory"):
        log.commit(1)


def test_files_that_no_checkpoint_names_are_removed_when_a_writer_opens(run: Path) -> None:
    write_rounds(run, 0, range(1, 3))
    for name in ("0000-000007.arrow", "timings--part-0000-000009.parquet"):
        (run / PENDING / name).write_bytes(b"half")
    LogWriter(run, 0)
    assert not list((run / PENDING).iterdir())


def test_the_json_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json_atomically(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json_atomically(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}


def test_every_column_of_every_table_says_what_it_means() -> None:
    for table, schema in SCHEMAS.items():
        assert schema.names[:2] == ["trial", "round"]
        assert schema.names == list(TABLES[table]._fields)
        assert all(field.metadata[b"doc"] for field in schema)


def test_the_meaning_of_a_column_is_in_the_file(run: Path) -> None:
    write_rounds(run, 0, range(1, 2))
    (part,) = (run / "timings").iterdir()
    assert pq.read_schema(part).field("engines_s").metadata[b"doc"] == b"advancing the providers"
