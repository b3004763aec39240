"""Showing how a run gets on: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from orchestrator.runs.advance import Advance

PLAIN_EVERY_S = 10.0


class RunProgress:
    """Shows rounds. Use it as a context manager.

    Args:
        console: where to show it.
        rounds: how many rounds of demand there are in all.
    """

    def __init__(self, console: Console, rounds: int):
        self._console = console
        self._rounds = rounds
        self._task: TaskID | None = None
        self._last_line = time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("rounds"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )

    def __enter__(self) -> RunProgress:
        self._bar.start()
        self._task = self._bar.add_task("starting", total=self._rounds, note="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, advance: Advance) -> None:
        """Show how far the run has come."""
        stage, done, note = advance.stage, advance.rounds, advance.note
        if self._task is not None:
            self._bar.update(self._task, description=stage, completed=done, note=note)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._last_line >= PLAIN_EVERY_S:
            self._console.print(f"{stage}: {done}/{self._rounds} rounds, {note}")
            self._last_line = now

    def tell(self, line: str) -> None:
        """Say what a person should know, on stderr."""
        print(f"walras: {line}", file=sys.stderr)
