"""One clearing of a matching hub, as the log has it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

#: The columns of predictions that have an entry for every provider.
PER_PROVIDER = (
    "capacities",
    "matched_tokens",
    "cached_tokens",
    "ttft_s",
    "quality",
    "value_nano",
    "cost_nano",
)

#: Those that do where values are cautious, and have none elsewhere.
ERRORS = ("ttft_error", "quality_error", "charged_error")


@dataclass(frozen=True)
class Clearing:
    """The predictions of one hub in one round: those of all who took part, or of the matched."""

    round: int
    hub: str
    table: pa.Table

    @cached_property
    def requests(self) -> list[str]:
        """Who took part, in order of arrival."""
        names: list[str] = self.table["request"].to_pylist()
        return names

    @cached_property
    def clients(self) -> list[str]:
        """Who owns each."""
        names: list[str] = self.table["client"].to_pylist()
        return names

    @cached_property
    def explored(self) -> npt.NDArray[np.bool_]:
        """(requests,), whom exploration took out of the mechanism."""
        flags: npt.NDArray[np.bool_] = self.table["explored"].to_numpy().astype(bool)
        return flags

    @cached_property
    def output_tokens(self) -> npt.NDArray[np.float64]:
        """(requests,), predicted."""
        tokens: npt.NDArray[np.float64] = self.table["output_tokens"].to_numpy()
        return tokens

    def matrix(self, column: str) -> npt.NDArray[Any]:
        """(requests, providers), a column with an entry for every provider."""
        if column not in self._matrices:
            flat = pc.list_flatten(self.table[column]).to_numpy()
            self._matrices[column] = flat.reshape(self.table.num_rows, -1)
        return self._matrices[column]

    def lengths(self, column: str) -> list[int]:
        """Of every request, how many entries a list has."""
        lengths: list[int] = pc.list_value_length(self.table[column]).to_pylist()
        return lengths

    def row(self, place: int) -> dict[str, Any]:
        """What names a row."""
        return {"round": self.round, "hub": self.hub, "request": self.requests[place]}

    @cached_property
    def _matrices(self) -> dict[str, npt.NDArray[Any]]:
        return {}


def clearings(pieces: Iterable[pa.Table], trial: int) -> Iterator[Clearing]:
    """The clearings of a trial in the order in which they were logged, a few in memory at a time.

    Args:
        pieces: of the table of predictions, in their order.
        trial: its number.
    """
    left: pa.Table | None = None
    for piece in pieces:
        rows = piece.filter(pc.field("trial") == trial)
        whole = rows if left is None else pa.concat_tables([left, rows])
        *ended, left = _cut(whole.combine_chunks()) or [None]
        yield from (_clearing(part) for part in ended if part is not None)
    if left is not None:
        yield _clearing(left)


def _cut(rows: pa.Table) -> list[pa.Table]:
    """The rows where the round or the hub changes."""
    if not rows.num_rows:
        return []
    rounds = rows["round"].to_numpy()
    hubs = rows["hub"].combine_chunks().dictionary_encode()
    codes = hubs.indices.to_numpy() if isinstance(hubs, pa.DictionaryArray) else rounds
    bounds = np.flatnonzero((np.diff(rounds) != 0) | (np.diff(codes) != 0)) + 1
    ends = [0, *bounds.tolist(), rows.num_rows]
    return [rows.slice(a, b - a) for a, b in itertools.pairwise(ends)]


def _clearing(rows: pa.Table) -> Clearing:
    return Clearing(rows["round"][0].as_py(), rows["hub"][0].as_py(), rows)
