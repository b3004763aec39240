"""Showing how a run gets on: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from orchestrator.cli.pace import Pace
from orchestrator.progress import Shown
from orchestrator.runs.advance import Advance, Tally

#: A bar is drawn anew at most so often.
DRAWN_EVERY_S = 0.1


class RunProgress(Shown):
    """Shows rounds.

    Args:
        console: where to show it.
        rounds: how many rounds of demand there are in all.
    """

    def __init__(self, console: Console, rounds: int):
        self._rounds = rounds
        self._pace = Pace(rounds)
        self._bar = _Bar(
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("rounds"),
            console=console,
            transient=True,
        )
        super().__init__(console, self._bar)
        self._task = self._bar.add_task("", total=rounds)

    def show(self, advance: Advance) -> None:
        """Show how far the run has come."""
        self._pace.note(advance, time.monotonic())
        if not self._is_due(DRAWN_EVERY_S if self._console.is_terminal else None):
            return
        pace, tally = _pace(self._pace), so_far(advance.tally)
        if not self._console.is_terminal:
            self._say(f"{advance.stage}: {advance.rounds}/{self._rounds} rounds{pace}; {tally}")
        else:
            self._bar.note = f"{advance.stage}{pace}; {tally}"
            self._bar.update(self._task, completed=advance.rounds)

    def tell(self, line: str) -> None:
        """Say what a person should know, on stderr."""
        print(f"walras: {line}", file=sys.stderr)


class _Bar(Progress):
    """A bar with a line below it, which takes as many rows as it needs: nothing is cut."""

    note = "starting"

    def get_renderables(self) -> Iterable[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        yield Text(self.note)


def so_far(tally: Tally) -> str:
    """What has come of a trial, in words."""
    sign = "-" if tally.reported_welfare_nano < 0 else ""
    said = [
        f"welfare so far {sign}${abs(tally.reported_welfare_usd):,.3f} as predicted",
        f"requests {tally.served:,} served, {tally.refused:,} refused, {tally.failed:,} failed",
    ]
    served, refused, failed = (
        tally.workflows_served,
        tally.workflows_refused,
        tally.workflows_failed,
    )
    if served or refused or failed:
        said.append(f"workflows {served:,} served, {refused:,} refused, {failed:,} failed")
    if tally.losses:
        said.append(f"participants lost {tally.losses:,} times")
    return "; ".join(said)


def _pace(pace: Pace) -> str:
    if pace.rounds_per_s is None or pace.left_s is None:
        return ""
    left = round(pace.left_s)
    hours, minutes, seconds = left // 3600, left // 60 % 60, left % 60
    time_left = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    return f", {pace.rounds_per_s:.3g} rounds/s, {time_left} left"
