"""Running means and deviations of several quantities, one label at a time (Welford 1962)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class RunningMeans:
    """As many running means as there are columns.

    Attributes:
        labels: (columns,), how many each has seen.
        mean: of them; zero before the first.
        last: the last of them.
    """

    def __init__(self, columns: int):
        self.labels = np.zeros(columns)
        self.mean = np.zeros(columns)
        self.last = np.zeros(columns)
        self._squares = np.zeros(columns)

    def learn(self, column: int, label: float) -> None:
        """One more label of a column."""
        self.labels[column] += 1
        off = label - self.mean[column]
        self.mean[column] += off / self.labels[column]
        self._squares[column] += off * (label - self.mean[column])
        self.last[column] = label

    def error(self, assumed: Floats | float) -> Floats:
        """The standard errors of the means.

        Args:
            assumed: what one more label than there are is taken to be off, so that the error is
                finite before the first; it must broadcast against (columns,).
        """
        weight = 1 + self.labels
        return np.sqrt((np.square(assumed) + self._squares) / weight) / np.sqrt(weight)
