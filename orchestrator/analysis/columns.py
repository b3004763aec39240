"""Columns of a logged table as arrays, row by row alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrator.log import read_table

Columns = dict[str, npt.NDArray[Any]]


def columns_of(run: Path, table: str, *names: str) -> Columns:
    """Some columns of a run's table, (rows,) each; raises ``BadInput`` as ``read_table`` does."""
    data = read_table(run, table, list(names))
    return {name: data[name].to_numpy(zero_copy_only=False) for name in names}


def where(columns: Columns, rows: npt.NDArray[Any]) -> Columns:
    """Some of the rows, by a mask or by their places."""
    return {name: column[rows] for name, column in columns.items()}


def missing(column: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Where an Arrow column has null: None in an object column, NaN in a number's."""
    if column.dtype == object:
        return np.array([entry is None for entry in column], dtype=bool)
    found: npt.NDArray[np.bool_] = np.isnan(column)
    return found
