"""Columns of names as numbers, so that what belongs to a name is added up without a loop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True)
class Coded:
    """A column of names.

    Attributes:
        names: the different ones, in the order in which they first come.
        codes: the position in ``names`` of each entry, shape (n,).
    """

    names: list[str]
    codes: npt.NDArray[np.intp]


def coded(column: pa.ChunkedArray) -> Coded:
    """The names of a column without nulls, and which of them each entry is."""
    encoded = column.combine_chunks().dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.intp)
    return Coded(encoded.dictionary.to_pylist(), codes)
