"""Killing a run at some moment, and what must hold of what it leaves."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestrator.log import read_checkpoint, read_table
from orchestrator.log.tables import TABLES
from orchestrator.runs.directory import COMPARED
from orchestrator.runs.run_file import RUN_FILE

#: Waits for the moment to kill a command that runs in a directory.
Moment = Callable[[Path], None]


def at_random(rng: random.Random, longest_s: float) -> Moment:
    """Some time or other."""
    delay_s = rng.uniform(0, longest_s)
    return lambda run: time.sleep(delay_s)


def while_writing(rng: random.Random, most: int, longest_s: float) -> Moment:
    """The moment at which something new appears where a run writes, one of the first ``most``."""
    changes = rng.randrange(1, most)

    def wait(run: Path) -> None:
        give_up = time.monotonic() + longest_s
        seen = _written(run)
        for _ in range(changes):
            while (now := _written(run)) == seen and time.monotonic() < give_up:
                pass
            seen = now

    return wait


def once_it_runs(run: Path, then: Moment, longest_s: float) -> Moment:
    """Some moment after a command that is started now has said that it runs."""
    before = _said(run)

    def wait(run: Path) -> None:
        give_up = time.monotonic() + longest_s
        while _said(run) == before and time.monotonic() < give_up:
            time.sleep(0.005)
        then(run)

    return wait


def _said(run: Path) -> tuple[int, int]:
    """Which version of ``run.json`` is there."""
    try:
        found = (run / RUN_FILE).stat()
    except OSError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns


def _written(run: Path) -> set[str]:
    names = set()
    for folder in (run, run / ".pending", run / ".state"):
        try:
            names |= {f"{folder.name}/{name}" for name in os.listdir(folder)}
        except OSError:
            continue
    return names


def kill(group: int) -> None:
    """End a process group at once; nothing where it is over."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def session_ends(session: int, within_s: float) -> float:
    """Wait until no process of a session is left; how long that took, in seconds."""
    began = time.monotonic()
    while left := [process for process in psutil.process_iter() if _lives_in(session, process)]:
        assert time.monotonic() - began < within_s, left
        time.sleep(0.02)
    return time.monotonic() - began


def _lives_in(session: int, process: psutil.Process) -> bool:
    try:
        of_it = os.getsid(process.pid) == session
        return of_it and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


def compare_with(run: Path, whole: Path, compared: list[str]) -> None:
    """Whether what counts in a run that was killed is the beginning of the one that was not."""
    for below in ["", *(f"{COMPARED}/{mechanism}" for mechanism in compared)]:
        if (run / below).is_dir():
            _compare(run / below, whole / below)


def _compare(run: Path, whole: Path) -> None:
    checkpoint = read_checkpoint(run)
    for table in TABLES:
        if table == "timings":
            continue
        expected = _timeless(read_table(whole, table))
        seen = _timeless(_globbed(run, table))
        assert seen.equals(expected.slice(0, seen.num_rows)), (table, "in the plain glob")
        counted = _timeless(read_table(run, table))
        if checkpoint is None:
            assert seen.num_rows == counted.num_rows == 0, table
            continue
        is_later = pc.greater(expected["round"], checkpoint.round)
        in_trial = pc.equal(expected["trial"], checkpoint.trial)
        after = pc.or_(pc.greater(expected["trial"], checkpoint.trial), pc.and_(in_trial, is_later))
        assert counted.equals(expected.filter(pc.invert(after))), table
        assert seen.num_rows <= counted.num_rows, (table, "in the plain glob")


def _globbed(run: Path, table: str) -> pa.Table:
    """What ``RUN/TABLE/*.parquet`` shows, as a person would read it."""
    parts = sorted((run / table).glob("*.parquet"))
    empty = [read_table(run, table).schema.empty_table()]
    return pa.concat_tables([pq.ParquetFile(part).read() for part in parts] or empty)


def _timeless(rows: pa.Table) -> pa.Table:
    """Without the digests of wall-clock rows."""
    if "table" not in rows.column_names:
        return rows
    return rows.filter(pc.not_equal(rows["table"], "timings"))
