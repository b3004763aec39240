"""Showing how an audit gets on: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from orchestrator.cli.progress import PLAIN_EVERY_S


class AuditProgress:
    """Shows whose turn it is. Use it as a context manager."""

    def __init__(self, console: Console):
        self._console = console
        self._last_line = time.monotonic()
        self._bar = Progress(
            TextColumn("auditing", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            disable=not console.is_terminal,
            transient=True,
            redirect_stdout=False,
        )
        self._task = self._bar.add_task("", total=None)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """The bar is off while something else is printed."""
        self._bar.stop()
        try:
            yield
        finally:
            self._bar.start()

    def __enter__(self) -> AuditProgress:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, where: str, number: int, total: int, participant: str) -> None:
        """Show that it is the turn of ``participant`` in the ``number``-th market of ``total``."""
        said = f"{where}: {participant}"
        self._bar.update(self._task, description=said, completed=number - 1, total=total)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._last_line >= PLAIN_EVERY_S:
            line = f"auditing {number}/{total}, {said}"
            self._console.print(line, highlight=False, soft_wrap=True, markup=False)
            self._last_line = now
