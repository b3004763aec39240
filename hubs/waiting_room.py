"""Who waits for a clearing, as long as patience lasts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class WaitingRoom(Generic[T]):
    """Whoever waits, in order of arrival, at most ``patience_rounds`` clearings."""

    def __init__(self, patience_rounds: int):
        self._patience_rounds = patience_rounds
        self._clearings: list[int] = []
        self.waiting: list[T] = []

    def enter(self, arrivals: Iterable[T]) -> None:
        """Some arrive."""
        self.waiting += arrivals
        self._clearings += [0] * (len(self.waiting) - len(self._clearings))

    def enter_again(self, one: T, clearings: int) -> None:
        """One comes back that has waited through so many clearings before."""
        self.waiting.append(one)
        self._clearings.append(clearings)

    def after_clearing(self, taken: Sequence[bool]) -> list[T]:
        """Let go of those that a clearing took, and of those whose patience is over.

        Args:
            taken: (waiting,), whom the clearing took.

        Returns:
            Those whose patience is over.
        """
        lasting, impatient = [], []
        for one, clearings, gone in zip(self.waiting, self._clearings, taken, strict=True):
            if gone:
                continue
            if clearings + 1 >= self._patience_rounds:
                impatient.append(one)
            else:
                lasting.append((one, clearings + 1))
        self.waiting = [one for one, _ in lasting]
        self._clearings = [clearings for _, clearings in lasting]
        return impatient
