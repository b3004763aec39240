"""The figures of a plot as text, for readers that see none or want the numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

#: A table has at most so many rows of a long line.
MAX_ROWS = 60

#: Figures from here on are shown without decimals.
WHOLE_FROM = 1000


@dataclass(frozen=True)
class DataTable:
    """The figures of a plot as text; every row has as many cells as there are heads."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def number(value: float) -> str:
    """Four significant digits, all those before the point, and a dash where there is none."""
    if np.isnan(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= WHOLE_FROM else f"{value:.4g}"


def columns_table(
    head: str, x: npt.NDArray[Any], columns: Sequence[tuple[str, npt.NDArray[Any]]]
) -> DataTable:
    """A row for each entry of ``x``, or for some of them where they are many.

    Args:
        head: what ``x`` is.
        x: shape (n,).
        columns: the head and the figures of each column, shape (n,).
    """
    every = max(1, -(-len(x) // MAX_ROWS))
    some = f" (one row in {every})" if every > 1 else ""
    return labelled_table(
        (head + some, *(name for name, _ in columns)),
        [number(entry) for entry in x[::every].tolist()],
        [values[::every] for _, values in columns],
    )


def labelled_table(
    heads: Sequence[str], labels: Iterable[str], columns: Sequence[npt.NDArray[Any]]
) -> DataTable:
    """A row for each label, which is its first cell, with a figure from each column."""
    cells = [[number(float(entry)) for entry in column.tolist()] for column in columns]
    return DataTable(tuple(heads), tuple(zip(labels, *cells, strict=True)))
