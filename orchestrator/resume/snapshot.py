"""Snapshots: all that changes in a trial, between two of its rounds, in ``RUN/.state``.

A file is a sealed record: a line of JSON, and then the pieces, compressed. It is written whole or
not at all, and the last ``KEPT`` of them stay.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from market.errors import BadInput
from market.release import Release, running_release
from orchestrator.log.digests import description_digest
from orchestrator.log.durable import write_atomically
from orchestrator.resume.sealed import sealed, unsealed
from orchestrator.runs.directory import STATE
from orchestrator.runtime import Frozen

KEPT = 2
COMPRESSION = "zstd"


@dataclass(frozen=True)
class Snapshot:
    """A trial after a round; ``calls`` are those of its runtime until then, see the journal."""

    trial: int
    round: int
    calls: int
    state: bytes
    participants: Frozen


def write_snapshot(run: Path, snapshot: Snapshot) -> Path:
    """Keep a snapshot, and remove those of the trial that are no longer needed.

    Raises:
        OSError: it cannot be written.
    """
    folder = run / STATE
    folder.mkdir(exist_ok=True)
    path = folder / f"snapshot-{snapshot.trial:04d}-{snapshot.round:08d}"
    write_atomically(path, sealed(_content(run, snapshot)))
    for _, old in _of_trial(run, snapshot.trial)[KEPT:]:
        old.unlink()
    return path


def read_snapshots(
    run: Path, trial: int, up_to: int, tell: Callable[[str], None]
) -> Iterator[Snapshot]:
    """The snapshots of a trial that can be gone on from, the latest first.

    Those of later rounds than ``up_to`` do not count: the log knows nothing of those rounds.
    ``tell`` is told in a line of what is damaged, of another run or was kept by another release.
    """
    for round_, path in _of_trial(run, trial):
        if round_ <= up_to:
            try:
                yield _read(run, path, trial, round_)
            except BadInput as error:
                tell(f"{error}; it is passed over")


def remove_later(run: Path, trial: int, round_: int) -> None:
    """Remove the snapshots of rounds that the log does not know, and what was half written."""
    for later, path in _of_trial(run, trial):
        if later > round_:
            path.unlink(missing_ok=True)
    for half in (run / STATE).glob(".*.tmp"):
        half.unlink(missing_ok=True)


def remove_state(run: Path) -> None:
    """Remove all that was kept to go on with a trial: it is over, or was never begun."""
    if (run / STATE).is_dir():
        shutil.rmtree(run / STATE)


def _of_trial(run: Path, trial: int) -> list[tuple[int, Path]]:
    """The files of a trial's snapshots with their rounds, the latest first."""
    found = []
    for path in (run / STATE).glob(f"snapshot-{trial:04d}-*"):
        digits = path.name.rpartition("-")[2]
        if digits.isdecimal():
            found.append((int(digits), path))
    return sorted(found, reverse=True)


def _content(run: Path, snapshot: Snapshot) -> bytes:
    groups = ([snapshot.state], snapshot.participants.providers, snapshot.participants.hubs)
    pieces = [pa.compress(piece, COMPRESSION, asbytes=True) for group in groups for piece in group]
    head = {
        "trial": snapshot.trial,
        "round": snapshot.round,
        "calls": snapshot.calls,
        "described": description_digest(run),
        "release": asdict(running_release()),
        "groups": [len(group) for group in groups],
        "lengths": [len(piece) for group in groups for piece in group],
        "compressed": [len(piece) for piece in pieces],
    }
    return json.dumps(head).encode() + b"\n" + b"".join(pieces)


def _read(run: Path, path: Path, trial: int, round_: int) -> Snapshot:
    try:
        content, size = unsealed(path.read_bytes(), str(path))
    except OSError as error:
        raise BadInput(str(path), f"cannot be read: {error.strerror}") from None
    line, _, packed = content.partition(b"\n")
    try:
        head = json.loads(line)
        if size != path.stat().st_size:
            raise BadInput(str(path), "is damaged")
        if (head["trial"], head["round"]) != (trial, round_):
            raise BadInput(str(path), "is the snapshot of another round")
        if head["described"] != description_digest(run):
            raise BadInput(str(path), "is the snapshot of another run")
        difference = running_release().difference_from(Release(**head["release"]))
        if difference is not None:
            raise BadInput(str(path), f"was kept by another release: this one {difference}")
        groups = _unpacked(head, packed)
    except (ValueError, KeyError, TypeError, pa.ArrowException, OSError):
        raise BadInput(str(path), "is damaged") from None
    ((state,), providers, hubs) = groups
    return Snapshot(trial, round_, head["calls"], state, Frozen(providers, hubs))


def _unpacked(head: dict[str, Any], packed: bytes) -> list[list[bytes]]:
    pieces = []
    for length, compressed in zip(head["lengths"], head["compressed"], strict=True):
        piece, packed = packed[:compressed], packed[compressed:]
        pieces.append(pa.decompress(piece, length, COMPRESSION, asbytes=True))
    rest = iter(pieces)
    return [[next(rest) for _ in range(count)] for count in head["groups"]]
