"""What long work has in common: it moves on a terminal, and says a plain line elsewhere."""

from __future__ import annotations

import time
from typing import Self

from rich.console import Console
from rich.progress import Progress
from rich.status import Status

#: Elsewhere than on a terminal a line is said so often.
PLAIN_EVERY_S = 10.0


class Shown:
    """Moves while it is open. Use it as a context manager.

    Args:
        console: where it is.
        moving: what moves there if it is a terminal.
    """

    def __init__(self, console: Console, moving: Progress | Status):
        self._console = console
        self._moving = moving
        self._last_s = time.monotonic()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._moving.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._moving.stop()

    def _is_due(self, every_s: float | None = None) -> bool:
        """Whether so much time, or that between plain lines, has passed since the last time."""
        now_s = time.monotonic()
        if now_s - self._last_s < (PLAIN_EVERY_S if every_s is None else every_s):
            return False
        self._last_s = now_s
        return True

    def _say(self, line: str) -> None:
        """Print a line as it is, however long."""
        self._console.print(line, highlight=False, soft_wrap=True, markup=False)
