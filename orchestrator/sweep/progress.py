"""Showing how a sweep gets on: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from orchestrator.progress import Shown
from orchestrator.sweep.trial import Outcome


class SweepProgress(Shown):
    """Shows trials; it is a ``Watch``."""

    def __init__(self, console: Console):
        self._began_s = time.monotonic()
        self._trials = self._done = self._now = self._failed = 0
        self._bar = Progress(
            TextColumn("trials"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
            redirect_stdout=False,
        )
        super().__init__(console, self._bar)
        self._task = self._bar.add_task("", total=None)

    def begin(self, trials: int, before: Sequence[Outcome]) -> None:
        """So many trials in all; these are complete already."""
        self._trials, self._done = trials, len(before)
        self._began_s = time.monotonic()
        if before:
            self._say(f"{len(before)} of {trials} trials are complete already")
        self._show()

    def tick(self) -> None:
        """Time has passed."""
        self._show()
        if not self._console.is_terminal and self._is_due():
            self._say(f"{self._done} of {self._trials} trials done, {self._note()}")

    def finished(self, outcome: Outcome) -> None:
        """A trial is over."""
        self._done += 1
        self._now += 1
        if outcome.status == "failed":
            self._failed += 1
            self._say(f"{outcome.arm}, seed {outcome.seed} failed: {outcome.error}")
        self.tick()

    def _show(self) -> None:
        self._bar.update(
            self._task, description=self._note(), completed=self._done, total=self._trials
        )

    def _note(self) -> str:
        failed = f"{self._failed} failed"
        if not self._now or self._done == self._trials:
            return failed
        each_s = (time.monotonic() - self._began_s) / self._now
        return f"{failed}, about {_duration(each_s * (self._trials - self._done))} left"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
