"""The journal of a trial: what came from outside of it, which no seed can bring again.

That is what real engines answered, and which processes were lost. Everything else follows from
the scenario, so the journal of a run with simulated engines only is empty, and no file. A file
``RUN/.state/journal-<trial>`` is sealed records, one for the rounds between two commits of the log
if anything was heard in them; it is written before the log is committed, so that the log never
knows of rounds that the journal does not.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agents.provider import ProviderReply
from market.frozen import freeze, thaw
from orchestrator.log.durable import make_directory, sync_directory
from orchestrator.resume.sealed import is_whole, sealed, unsealed
from orchestrator.runs.directory import STATE


@dataclass(frozen=True)
class Heard:
    """What one call of a runtime brought from outside.

    Attributes:
        replies: of providers with real engines.
        lost: by participant, how its process was lost.
        missing: the providers that could not be renewed.
        orchestrator: how the one before was lost, in whose place this one goes on; else empty.
    """

    replies: Sequence[ProviderReply] = ()
    lost: Mapping[str, str] = field(default_factory=dict)
    missing: Sequence[str] = ()
    orchestrator: str = ""

    @property
    def anything(self) -> bool:
        """Whether there was anything."""
        return bool(self.replies or self.lost or self.missing or self.orchestrator)


class Journal:
    """The journal of one trial, read as far as the log goes, and then written on.

    Args:
        run: the run's directory.
        trial: the trial.
        up_to: the round that the log has come to; what was heard later does not count.

    Raises:
        BadInput: a record of it is damaged.
    """

    def __init__(self, run: Path, trial: int, up_to: int):
        self.path = run / STATE / f"journal-{trial:04d}"
        self.heard, self._counted = _read(self.path, up_to)
        self._new: dict[int, Heard] = {}

    def begin(self) -> None:
        """Write on: what does not count is cut off.

        Raises:
            OSError: it cannot be.
        """
        if self.path.exists() and self.path.stat().st_size > self._counted:
            os.truncate(self.path, self._counted)

    def note(self, call: int, heard: Heard) -> None:
        """Remember what a call of the runtime brought, by its number."""
        if heard.anything:
            self._new[call] = heard

    def commit(self, round_: int) -> None:
        """Let everything count that was noted up to a round.

        Raises:
            OSError: it cannot be written.
        """
        if not self._new:
            return
        make_directory(self.path.parent)
        is_new = not self.path.exists()
        with self.path.open("ab") as file:
            file.write(sealed(freeze((round_, self._new))))
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_directory(self.path.parent)
        self._new = {}


def _read(path: Path, up_to: int) -> tuple[dict[int, Heard], int]:
    """What was heard up to a round, by the number of the call, and how many bytes say so.

    A last record that is not whole was being written when the process was killed.
    """
    content = memoryview(path.read_bytes() if path.exists() else b"")
    heard: dict[int, Heard] = {}
    counted = 0
    while is_whole(content[counted:]):
        record, length = unsealed(content[counted:], f"{path}: byte {counted}")
        round_, calls = thaw(record)
        if round_ > up_to:
            break
        heard |= calls
        counted += length
    return heard, counted
