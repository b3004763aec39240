"""Requests to end a run, noted rather than raised."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupts:
    """How often the process was asked to end: SIGINT, which is Ctrl-C, and SIGTERM."""

    def __init__(self) -> None:
        self.noted = 0

    def note(self, *_: object) -> None:
        """A request has come; a signal handler."""
        self.noted += 1

    def check(self) -> None:
        """Raise ``KeyboardInterrupt`` if a request has come."""
        if self.noted:
            raise KeyboardInterrupt


@contextmanager
def interrupts_noted() -> Iterator[Interrupts]:
    """Requests to end are only noted meanwhile.

    What a signal raises in somebody else's code, as in the imports and the waiting of Ray, can get
    lost there.
    """
    interrupts = Interrupts()
    before = {
        number: signal.signal(number, interrupts.note) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
