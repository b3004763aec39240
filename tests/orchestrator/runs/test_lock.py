from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from market.errors import BadInput
from orchestrator.runs.directory import check_directory, prepare_directory
from orchestrator.runs.lock import LOCK, RunLock
from tests.orchestrator.log.rounds import describe

HOLD = """
import sys
from pathlib import Path
from orchestrator.runs.lock import RunLock
RunLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_writer_is_told_who_is_writing(tmp_path: Path) -> None:
    with (
        RunLock(tmp_path),
        pytest.raises(BadInput, match=rf"is being written by process {os.getpid()} on host '"),
    ):
        RunLock(tmp_path, patience_s=0.1).acquire()
    with RunLock(tmp_path, patience_s=0):
        pass


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(BadInput, match=f"process {holder.pid} on host"):
            RunLock(tmp_path, patience_s=0).acquire()
        holder.send_signal(signal.SIGKILL)
        with RunLock(tmp_path):
            pass


def test_force_does_not_replace_a_run_that_is_being_written(tmp_path: Path) -> None:
    describe(tmp_path)
    with RunLock(tmp_path):
        for replace in (check_directory, prepare_directory):
            with pytest.raises(BadInput, match="is being written by process"):
                replace(tmp_path, force=True)
        assert (tmp_path / "run.json").exists()
    prepare_directory(tmp_path, force=True)
    assert os.listdir(tmp_path) == [LOCK]


def test_a_lock_alone_is_no_content(tmp_path: Path) -> None:
    with RunLock(tmp_path):
        pass
    check_directory(tmp_path, force=False)


@pytest.mark.parametrize("content", [b"", b"nonsense", b'{"pid": "x"}', b"[1]"])
def test_a_lock_that_does_not_say_who_holds_it_is_one_all_the_same(
    tmp_path: Path, content: bytes
) -> None:
    with RunLock(tmp_path):
        (tmp_path / LOCK).write_bytes(content)
        with pytest.raises(BadInput, match="is being written by another process"):
            RunLock(tmp_path, patience_s=0).acquire()


def test_a_directory_that_cannot_be_locked_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be written: No such file or directory"):
        RunLock(tmp_path / "gone").acquire()
