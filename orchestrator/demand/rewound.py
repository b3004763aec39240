"""An iterator that can be pickled: it is made again, and wound on to where it was."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from market.errors import BadInput

T = TypeVar("T")


class Rewound(ABC, Generic[T]):
    """Plays what ``play`` gives, and knows how much of it was taken.

    Unpickled, it plays that again, files are read anew, and passes over what was taken, which
    takes as long as taking it did.
    """

    def __init__(self) -> None:
        self._rest = self.play()
        self._taken = 0
        self._last: T | None = None

    @abstractmethod
    def play(self) -> Iterator[T]:
        """The same from its beginning, whenever it is called."""

    def __iter__(self) -> Rewound[T]:
        return self

    def __next__(self) -> T:
        self._last = next(self._rest)
        self._taken += 1
        return self._last

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_rest"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take as many again.

        Raises:
            BadInput: they are not what was taken before; a file of the demand has changed.
        """
        vars(self).update(state)
        self._rest = self.play()
        last = None
        passed = 0
        while passed < self._taken and (last := next(self._rest, None)) is not None:
            passed += 1
        if passed < self._taken or last != self._last:
            raise BadInput("demand", "a file of it has changed since this state was kept")
