"""Files that are there whole or not at all, whenever the process or the machine stops."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from market.errors import NotWritten


@contextmanager
def refusals_told(place: Path) -> Iterator[None]:
    """What the system refuses to write is one line; it names the file, or else the ``place``."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise NotWritten(f"{error.filename or place}: cannot be written: {reason}") from None


@contextmanager
def created(path: Path) -> Iterator[BinaryIO]:
    """A new file to write, which is on the disk when the block ends."""
    with io.BufferedWriter(io.FileIO(path, "w")) as file:
        yield cast(BinaryIO, file)
        file.flush()
        os.fsync(file.fileno())


def write_json_atomically(path: Path, content: dict[str, Any]) -> None:
    """Replace a JSON file; see ``write_atomically``."""
    write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file so that a reader sees the old one or the new one, never half."""
    with created(temporary(path)) as file:
        file.write(content)
    os.replace(temporary(path), path)
    sync_directory(path.parent)


def temporary(path: Path) -> Path:
    """Where the new content of a file waits until it is whole."""
    return path.with_name(f".{path.name}.tmp")


def make_directory(path: Path) -> None:
    """Make a directory, if there is none."""
    if not path.is_dir():
        os.mkdir(path)
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Let what was made, renamed and removed in a directory be on the disk."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
