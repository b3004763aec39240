"""Late labels in the order of their awards.

Short answers come back first. Whoever learns the length of answers from what has come back learns
it from too many short ones, so a length waits here until all that was awarded before it is back.
"""

from __future__ import annotations

import heapq
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class AwardOrder(Generic[T]):
    """Labels, released in the order in which they were announced.

    Args:
        most_held: when more labels than this wait for one that does not come, they wait no more.
    """

    def __init__(self, most_held: int):
        self._most_held = most_held
        self._announced = 0
        self._number: dict[str, int] = {}
        self._open: deque[str] = deque()
        self._held: list[tuple[int, T]] = []

    def announce(self, request: str) -> None:
        """The label of ``request`` will come."""
        self._number[request] = self._announced
        self._announced += 1
        self._open.append(request)

    def come(self, request: str, label: T | None) -> list[T]:
        """The label of ``request`` is here, or None: it never will be.

        Returns:
            The labels that nothing announced before them holds back any more.
        """
        number = self._number.pop(request)
        if label is not None:
            heapq.heappush(self._held, (number, label))
        released = self._release()
        while len(self._held) > self._most_held:
            self._open.popleft()
            released += self._release()
        return released

    def _release(self) -> list[T]:
        """Let go of the labels before the first that is still to come."""
        while self._open and self._open[0] not in self._number:
            self._open.popleft()
        first_open = self._number[self._open[0]] if self._open else self._announced
        released = []
        while self._held and self._held[0][0] < first_open:
            released.append(heapq.heappop(self._held)[1])
        return released
