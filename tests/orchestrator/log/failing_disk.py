"""A disk that is watched, that fails, or on which a process is killed, at a chosen operation."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from typing import Any

import pytest


class Killed(BaseException):
    """The process ends here."""


def full() -> None:
    """The disk is full."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def read_only() -> None:
    """The file system cannot be written."""
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def killed() -> None:
    """The process is killed."""
    raise Killed


class WatchedDisk:
    """Calls ``before`` ahead of all that changes the disk, by its number: writes, renames, ...

    What is written in a write that fails is half of it. Nothing is really synced.
    """

    def __init__(self, patch: pytest.MonkeyPatch, before: Callable[[int], None]):
        self.done = 0
        self._before = before
        self._aside = False
        patch.setattr(os, "fsync", lambda file: None)
        for name in ("replace", "unlink", "mkdir", "fsync"):
            patch.setattr(os, name, self._told(getattr(os, name)))
        patch.setattr(io, "FileIO", self._file_class(io.FileIO))

    def _tell(self) -> None:
        if not self._aside:
            self._aside = True  # what the test does in between is not part of it
            try:
                self._before(self.done)
            finally:
                self._aside = False
            self.done += 1

    def _told(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*arguments: Any, **named: Any) -> Any:
            self._tell()
            return plain(*arguments, **named)

        return operation

    def _file_class(self, plain: Any) -> Any:
        disk = self

        class File(plain):  # type: ignore[misc]
            def write(self, content: Any) -> Any:
                try:
                    disk._tell()
                except BaseException:
                    super().write(memoryview(content)[: len(content) // 2])
                    raise
                return super().write(content)

        return File


def failing_from(operation: int, why: Callable[[], None]) -> Callable[[int], None]:
    """All operations from one on fail."""

    def before(number: int) -> None:
        if number >= operation:
            why()

    return before
