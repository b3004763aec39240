"""The lock of a run: one process writes it at a time."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from pathlib import Path
from typing import Self

from market.errors import BadInput
from market.fields import shown

LOCK = ".lock"

#: How long to wait for another writer: the processes of one that was killed need a moment to die.
PATIENCE_S = 10.0
LOOK_AGAIN_S = 0.05


class RunLock:
    """Held by whoever writes a run; the system gives it back when the process dies.

    Args:
        run: the run's directory, which exists.
        patience_s: how long to wait where another holds it.
    """

    def __init__(self, run: Path, patience_s: float | None = None):
        self._run = run
        self._patience_s = PATIENCE_S if patience_s is None else patience_s
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            BadInput: another process has it, or the directory cannot be written.
        """
        path = self._run / LOCK
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise BadInput(str(path), f"cannot be written: {error.strerror}") from None
        try:
            self._wait_for(file)
            holder = {"pid": os.getpid(), "host": socket.gethostname()}
            os.ftruncate(file, 0)
            os.pwrite(file, json.dumps(holder).encode(), 0)
        except OSError as error:
            os.close(file)
            raise BadInput(str(path), f"cannot be locked: {error.strerror}") from None
        except BaseException:
            os.close(file)
            raise
        self._file = file

    def release(self) -> None:
        """Give the lock back, if it is held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _wait_for(self, file: int) -> None:
        until = time.monotonic() + self._patience_s
        while True:
            try:
                return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise BadInput(str(self._run), f"is being written by {_holder(file)}") from None
                time.sleep(LOOK_AGAIN_S)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _holder(file: int) -> str:
    """Who holds the lock, as far as the file says."""
    try:
        said = json.loads(os.pread(file, 1000, 0))
        return f"process {int(said['pid'])} on host {shown(str(said['host']))}"
    except (ValueError, KeyError, TypeError):
        return "another process"
