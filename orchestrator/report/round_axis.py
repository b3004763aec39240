"""Rounds as the x axis of a plot: binned where there are many, averaged over trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from market.errors import BadInput

Floats = npt.NDArray[np.float64]

#: A plot has at most so many points a line, so that a page about a long run stays small.
MAX_POINTS = 300


class RoundAxis:
    """The rounds 1, 2, ... of a log, in bins of equal width.

    Args:
        rounds: the round of each row of the table ``rounds``, of all trials.
        width: rounds in a bin.
    """

    def __init__(self, rounds: npt.NDArray[Any], width: int):
        self.last = int(rounds.max(initial=0))
        self.width = width
        self._bins = -(-self.last // self.width)
        self._rounds_in_bin = self.total(rounds, np.ones(len(rounds)))

    @property
    def x(self) -> Floats:
        """The middle of each bin, a round's own number where the bin is one round."""
        return np.arange(self._bins, dtype=np.float64) * self.width + (1 + self.width) / 2

    def total(self, rounds: npt.NDArray[Any], values: npt.NDArray[Any]) -> Floats:
        """The sum of ``values`` in each bin.

        Raises:
            BadInput: a row is of no round of the log.
        """
        if len(rounds) and not 1 <= rounds.min() <= rounds.max() <= self.last:
            found = f"{rounds.min()} to {rounds.max()}"
            raise BadInput("rounds", f"expected rounds from 1 to {self.last}, got {found}")
        bins = (rounds.astype(np.intp) - 1) // self.width
        return np.bincount(bins, values.astype(float), self._bins).astype(np.float64)

    def mean(self, rounds: npt.NDArray[Any], values: npt.NDArray[Any]) -> Floats:
        """The sum of ``values`` in a round, on average over the rounds of a bin and the trials."""
        return self.ratio(self.total(rounds, values), self._rounds_in_bin)

    @classmethod
    def aligned(cls, logs: Sequence[npt.NDArray[Any]]) -> list[RoundAxis]:
        """An axis for each log, all with the same bins."""
        last = max(int(rounds.max(initial=0)) for rounds in logs)
        width = max(1, -(-last // MAX_POINTS))
        return [cls(rounds, width) for rounds in logs]

    @staticmethod
    def ratio(part: Floats, whole: Floats) -> Floats:
        """Bin by bin; NaN where the whole is nothing."""
        ratio = np.full(len(part), np.nan)
        np.divide(part, whole, out=ratio, where=whole > 0)
        return ratio
