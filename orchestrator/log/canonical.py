"""Rows as canonical bytes: the same however a table is cut into chunks, batches and files.

A column is its validity, a byte a row, and its values in 64-bit words (integers, the bit patterns
of floats; zero where null). A string or a list is its length and its content. All are little
endian. Everything is computed a whole column at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Octets = NDArray[np.uint8]

_NONE = np.zeros(0, np.uint8)


class Canonical(Protocol):
    """A canonical column."""

    def pieces(self, low: int, high: int) -> Iterator[NDArray[Any]]:
        """The bytes of rows ``low`` to ``high``, in contiguous arrays."""

    def hashes(self) -> Words:
        """64 bits of each row, which differ if one word or byte of it does."""


@dataclass(frozen=True)
class Text:
    """The bytes of strings, one after the other."""

    data: Octets

    def pieces(self, low: int, high: int) -> Iterator[NDArray[Any]]:
        """The bytes themselves."""
        yield self.data[low:high]

    def hashes(self) -> Words:
        """A byte each."""
        return self.data.astype(np.uint64)


@dataclass(frozen=True)
class Scalars:
    """A column of numbers or truth values."""

    valid: Octets
    words: Words

    def pieces(self, low: int, high: int) -> Iterator[NDArray[Any]]:
        """Validity, words."""
        yield self.valid[low:high]
        yield self.words[low:high]

    def hashes(self) -> Words:
        """The words, and what no word is where there is none."""
        hashes: Words = self.words * _ODD[0] + self.valid * _ODD[1]
        return hashes


@dataclass(frozen=True)
class Ragged:
    """A column of strings or lists; ``ends[k]`` is where the content of row k begins."""

    valid: Octets
    lengths: NDArray[np.int64]
    ends: NDArray[np.int64]
    content: Canonical

    def pieces(self, low: int, high: int) -> Iterator[NDArray[Any]]:
        """Validity, lengths, content."""
        yield self.valid[low:high]
        yield self.lengths[low:high]
        yield from self.content.pieces(int(self.ends[low]), int(self.ends[high]))

    def hashes(self) -> Words:
        """A sum over the content, weighted by where it stands."""
        sums = np.zeros(len(self.lengths) + 1, np.uint64)
        inner = self.content.hashes()
        if len(inner):
            place = np.arange(len(inner)) - np.repeat(self.ends[:-1], self.lengths)
            running = np.cumsum(inner * _weights(int(self.lengths.max()))[place])
            sums = np.concatenate([sums[:1], running])[self.ends]
        own = self.lengths.view(np.uint64) * _ODD[2] + self.valid * _ODD[1]
        return _mixed(sums[1:] - sums[:-1] + own)


class CanonicalRows:
    """Rows of a table."""

    def __init__(self, table: pa.Table):
        self.num_rows = table.num_rows
        self._columns = [canonical(_whole(column)) for column in table.columns]

    def pieces(self, low: int, high: int) -> Iterator[NDArray[Any]]:
        """The bytes of rows ``low`` to ``high``, column by column."""
        for column in self._columns:
            yield from column.pieces(low, high)

    def row_digests(self) -> NDArray[np.uint32]:
        """32 bits of each row."""
        total = np.zeros(self.num_rows, np.uint64)
        weights = _weights(len(self._columns))
        for weight, column in zip(weights, self._columns, strict=False):
            total += column.hashes() * weight
        return (_mixed(total) >> np.uint64(32)).astype(np.uint32)


def canonical(array: pa.Array) -> Canonical:
    """The canonical form of a column."""
    valid = np.ones(len(array), np.uint8)
    if array.null_count:
        valid = array.is_valid().to_numpy(zero_copy_only=False).view(np.uint8)
    if pa.types.is_list(array.type):
        lengths = array.value_lengths()
        if array.null_count:
            lengths = lengths.fill_null(0)
        return _ragged(valid, lengths.to_numpy(zero_copy_only=False), canonical(array.flatten()))
    if pa.types.is_string(array.type):
        return _text(valid, array.fill_null("") if array.null_count else array)
    if array.null_count:
        array = array.fill_null(pa.scalar(0).cast(array.type))
    values = array.to_numpy(zero_copy_only=False)
    if values.dtype == np.bool_:
        return Scalars(valid, values.astype(np.uint64))
    return Scalars(valid, np.ascontiguousarray(values).view(np.uint64))


def _text(valid: Octets, array: pa.Array) -> Ragged:
    _, where, content = array.buffers()
    if not len(array):
        return _ragged(valid, np.zeros(0, np.int32), Text(_NONE))
    bounds = np.frombuffer(where, np.int32)[array.offset : array.offset + len(array) + 1]
    data = _NONE if content is None else np.frombuffer(content, np.uint8)
    return _ragged(valid, np.diff(bounds), Text(data[bounds[0] : bounds[-1]]))


def _ragged(valid: Octets, lengths: NDArray[np.int32], content: Canonical) -> Ragged:
    ends = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=ends[1:])
    return Ragged(valid, lengths.astype(np.int64), ends, content)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _mixed(words: Words) -> Words:
    """Words with every bit spread over all others, one to one: the finaliser of SplitMix64."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _weights(count: int) -> Words:
    """A fixed odd weight for every place; odd, so that no change of a word is lost in it."""
    if count > len(_kept[0]):
        steps = np.arange(1, 2 * count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        _kept[0] = _mixed(steps) | np.uint64(1)
    return _kept[0]


_kept: list[Words] = [np.zeros(0, np.uint64)]
_ODD = _weights(1024)[-3:].copy()
