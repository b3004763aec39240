"""The pairs of a matching market that are worth matching, request by request."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from market.compiled import compiled
from market.errors import BadInput

#: Integers (nano-USD) or floats (USD as given).
Amounts = npt.NDArray[Any]
Counts = npt.NDArray[np.int64]
Integers = npt.NDArray[np.integer[Any]]

#: In the place of a provider, or of a pair: none.
UNMATCHED = -1

#: In the place of a largest price where there is no slot, and no price is too large.
NO_PRICE = -1


class Columns(NamedTuple):
    """The pairs of provider i are ``pair[start[i]:start[i + 1]]``, of the requests beside them."""

    start: Counts
    pair: Counts
    request: Counts


@dataclass(frozen=True)
class Pairs:
    """The pairs that add to welfare, in compressed rows; a pair that does not is never matched.

    Attributes:
        start: (requests + 1,), the pairs of request j are ``start[j]:start[j + 1]``.
        provider: (pairs,), ascending within a request.
        weight: (pairs,), value less cost, above zero; int64 or float64.
        providers: how many there are.
    """

    start: Counts
    provider: npt.NDArray[np.int32]
    weight: Amounts
    providers: int

    @classmethod
    def of(cls, weights: Amounts) -> Pairs:
        """The pairs of a matrix (requests, providers); zero or less where none is to be."""
        dtype = np.float64 if weights.dtype.kind == "f" else np.int64
        start, provider, weight = _gather(np.ascontiguousarray(weights, dtype=dtype))
        return cls(start, provider, weight, weights.shape[1])

    @classmethod
    def listed(
        cls, request: Integers, provider: Integers, weight: Amounts, shape: tuple[int, int]
    ) -> Pairs:
        """The pairs of a list in any order, of a market of ``shape`` (requests, providers).

        Raises ``BadInput`` for a pair that stands twice, or outside of the market.
        """
        for side, ends, count in zip(
            ("request", "provider"), (request, provider), shape, strict=True
        ):
            outside = np.flatnonzero((ends < 0) | (ends >= count))
            if len(outside):
                problem = f"expected a {side} from 0 to {count - 1}, got {ends[outside[0]]}"
                raise BadInput(f"pairs.{outside[0]}", problem)
        dtype = np.float64 if weight.dtype.kind == "f" else np.int64
        place = request.astype(np.int64) * shape[1] + provider
        order = np.argsort(place, kind="stable")
        twice = np.flatnonzero(np.diff(place[order]) == 0)
        if len(twice):
            again = order[twice[0] + 1]
            problem = f"request {request[again]} at provider {provider[again]} stands twice"
            raise BadInput(f"pairs.{again}", problem)
        order = order[weight[order] > 0]
        start = np.searchsorted(request[order], np.arange(shape[0] + 1))
        return cls(start, provider[order].astype(np.int32), weight[order].astype(dtype), shape[1])

    @property
    def requests(self) -> int:
        """How many requests there are."""
        return len(self.start) - 1

    @property
    def whole(self) -> bool:
        """Whether the weights are integers by their type."""
        return self.weight.dtype.kind == "i"

    @cached_property
    def top(self) -> Any:
        """The largest weight as a Python number; 0 where no pair is."""
        return self.weight.max(initial=0).item()

    @cached_property
    def columns(self) -> Columns:
        """The same pairs, provider by provider."""
        return Columns(*_columns(self.start, self.provider, self.providers))

    def match(self, taken: Counts) -> npt.NDArray[np.intp]:
        """(requests,), the provider of every taken pair, or ``UNMATCHED``."""
        return _match(self.provider, taken)

    def taken(self, match: Integers) -> Counts:
        """(requests,), the pair of each request at its provider; ``UNMATCHED`` if there is none."""
        return _taken(self.start, self.provider, match)


@compiled
def _gather(weights: Amounts) -> tuple[Counts, npt.NDArray[np.int32], Amounts]:
    """Starts, providers and weights of the entries above zero, row by row."""
    requests, providers = weights.shape
    start = np.zeros(requests + 1, dtype=np.int64)
    for j in range(requests):
        count = 0
        for i in range(providers):
            count += weights[j, i] > 0
        start[j + 1] = start[j] + count
    provider = np.empty(start[requests], dtype=np.int32)
    weight = np.empty(start[requests], dtype=weights.dtype)
    at = 0
    for j in range(requests):
        for i in range(providers):
            if weights[j, i] > 0:
                provider[at] = i
                weight[at] = weights[j, i]
                at += 1
    return start, provider, weight


@compiled
def _match(provider: Integers, taken: Counts) -> npt.NDArray[np.intp]:
    match = np.full(len(taken), UNMATCHED, dtype=np.intp)
    for j in range(len(taken)):
        if taken[j] != UNMATCHED:
            match[j] = provider[taken[j]]
    return match


@compiled
def _taken(start: Counts, provider: Integers, match: Integers) -> Counts:
    taken = np.full(len(match), UNMATCHED, dtype=np.int64)
    for j in range(len(match)):
        for pair in range(start[j], start[j + 1]):
            if provider[pair] == match[j]:
                taken[j] = pair
    return taken


@compiled
def _columns(start: Counts, provider: Integers, providers: int) -> tuple[Counts, Counts, Counts]:
    first = np.zeros(providers + 1, dtype=np.int64)
    for i in provider:
        first[i + 1] += 1
    for i in range(providers):
        first[i + 1] += first[i]
    place = first[:providers].copy()
    pairs, requests = np.empty_like(provider, np.int64), np.empty_like(provider, np.int64)
    for j in range(len(start) - 1):
        for pair in range(start[j], start[j + 1]):
            i = provider[pair]
            pairs[place[i]], requests[place[i]] = pair, j
            place[i] += 1
    return first, pairs, requests
