"""What every input must come to: an answer, or one line of ours, within a bound of time."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from market.errors import MOST_KEPT, WalrasError

#: A small input takes milliseconds; a machine may be busy.
MOST_SECONDS = 20

Answer = TypeVar("Answer")


def answered(act: Callable[[], Answer]) -> Answer | None:
    """The answer, or None where it was refused in one line."""
    try:
        with _within(MOST_SECONDS):
            return act()
    except WalrasError as error:
        line = str(error)
        assert line
        assert "\n" not in line
        assert len(line) <= 10 * (2 * MOST_KEPT + 10)  # escaped, a character takes ten
        line.encode()
        return None


@contextmanager
def _within(seconds: int) -> Iterator[None]:
    def end(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"no answer within {seconds} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
