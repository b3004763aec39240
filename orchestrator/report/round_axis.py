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

    Attributes:
        width: rounds in a bin.
        last: the last round of any trial.
        trials: how many trials there are.
    """

    def __init__(self, rounds: npt.NDArray[Any], width: int):
        self.last = int(rounds.max(initial=0))
        self.width = width
        self._bins = -(-self.last // self.width)
        self.trials = int(np.count_nonzero(rounds == 1))
        self._rounds_in_bin = self.total(rounds, np.ones(len(rounds)))

    @property
    def x(self) -> Floats:
        """The middle of each bin, a round's own number where the bin is one round."""
        return np.arange(self._bins, dtype=np.float64) * self.width + (1 + self.width) / 2

    @property
    def ends(self) -> Floats:
        """The last round of each bin."""
        ends = (np.arange(self._bins, dtype=np.float64) + 1) * self.width
        return np.minimum(ends, self.last)

    def total(self, rounds: npt.NDArray[Any], values: npt.NDArray[Any]) -> Floats:
        """The sum of ``values`` in each bin.

        Raises:
            BadInput: a row is of no round of the log.
        """
        alike = np.zeros(len(rounds), dtype=np.intp)
        sums: Floats = self.totals(rounds, alike, 1, values)[0]
        return sums

    def totals(
        self,
        rounds: npt.NDArray[Any],
        groups: npt.NDArray[np.intp],
        count: int,
        values: npt.NDArray[Any],
    ) -> Floats:
        """The sums of ``values`` by group and bin, shape (count, bins).

        Args:
            rounds: of each value.
            groups: the group of each value, from 0.
            count: how many groups there are.
            values: shape (n,), as the two before.

        Raises:
            BadInput: as ``total``.
        """
        cells = groups * self._bins + self._bins_of(rounds)
        sums = np.bincount(cells, values.astype(float), count * self._bins)
        return sums.astype(np.float64).reshape(count, self._bins)

    def quantiles(
        self, rounds: npt.NDArray[Any], values: npt.NDArray[Any], shares: Sequence[float]
    ) -> Floats:
        """Quantiles of the ``values`` in each bin, shape (shares, bins); NaN where there are none.

        A quantile is the smallest value that at least this share of them does not exceed.
        """
        bins = self._bins_of(rounds)
        ordered = values[np.lexsort((values, bins))].astype(float)
        count = np.bincount(bins, minlength=self._bins)
        first, some = np.cumsum(count) - count, count > 0
        found = np.full((len(shares), self._bins), np.nan)
        for row, share in zip(found, shares, strict=True):
            rank = np.maximum(np.ceil(share * count[some]).astype(np.intp), 1)
            row[some] = ordered[first[some] + rank - 1]
        return found

    def _bins_of(self, rounds: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
        if len(rounds) and not 1 <= rounds.min() <= rounds.max() <= self.last:
            found = f"{rounds.min()} to {rounds.max()}"
            raise BadInput("rounds", f"expected rounds from 1 to {self.last}, got {found}")
        return (rounds.astype(np.intp) - 1) // self.width

    def mean(self, rounds: npt.NDArray[Any], values: npt.NDArray[Any]) -> Floats:
        """The sum of ``values`` in a round, on average over the rounds of a bin and the trials."""
        return self.ratio(self.total(rounds, values), self._rounds_in_bin)

    def cumulative(self, rounds: npt.NDArray[Any], values: npt.NDArray[Any]) -> Floats:
        """The sum of ``values`` up to the end of each bin, on average over the trials."""
        sums: Floats = np.cumsum(self.total(rounds, values)) / max(1, self.trials)
        return sums

    @classmethod
    def aligned(cls, logs: Sequence[npt.NDArray[Any]]) -> list[RoundAxis]:
        """An axis for each log, all with the same bins."""
        last = max(int(rounds.max(initial=0)) for rounds in logs)
        width = max(1, -(-last // MAX_POINTS))
        return [cls(rounds, width) for rounds in logs]

    @staticmethod
    def ratio(part: Floats, whole: Floats) -> Floats:
        """Bin by bin, of one shape; NaN where the whole is nothing."""
        ratio = np.full(part.shape, np.nan)
        np.divide(part, whole, out=ratio, where=whole > 0)
        return ratio
