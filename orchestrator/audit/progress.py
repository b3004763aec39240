"""Showing how an audit gets on: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from orchestrator.progress import Shown


class AuditProgress(Shown):
    """Shows whose turn it is."""

    def __init__(self, console: Console):
        self._bar = Progress(
            TextColumn("auditing", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
            redirect_stdout=False,
        )
        super().__init__(console, self._bar)
        self._task = self._bar.add_task("", total=None)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """The bar is off while something else is printed."""
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()

    def show(self, where: str, number: int, total: int, participant: str) -> None:
        """Show that it is the turn of ``participant`` in the ``number``-th market of ``total``."""
        said = f"{where}: {participant}"
        self._bar.update(self._task, description=said, completed=number - 1, total=total)
        if not self._console.is_terminal and self._is_due():
            self._say(f"auditing {number}/{total}, {said}")
