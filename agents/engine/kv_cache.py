"""The KV cache of an engine: blocks, chained block hashes, least-recently-used reuse.

The rules are those of vLLM 0.32 (v1/core/block_pool.py): only full blocks are shared; a block's
hash covers all tokens before it; freed blocks that hold a full block keep it and go to the end of
the free queue, a request's tail first, so that shared beginnings outlive private ends; freed
blocks that were not full go to the front, before those that were never used. A new block is taken
from the front and forgets what it held. One block of the pool is vLLM's null block, which holds
nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from market.prompt import Span

_MASK = (1 << 64) - 1
_ROOT = 0x9E3779B97F4A7C15
_POSITION = 0xD1342543DE82EF95
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB

Hashes = npt.NDArray[np.uint64]


def block_hashes(spans: Iterable[Span], block_size: int) -> list[int]:
    """The chained 64-bit hashes of the full blocks of a token sequence.

    Two sequences share their first k hashes exactly when they share their first k blocks of
    tokens (up to collisions of 64 bits). A span begins at the first token of its content, so the
    spans before, the content and the position in it tell all tokens up to a block's end.
    """
    filled = [span for span in spans if span.tokens]
    if not filled:
        return []
    stops = list(accumulate(span.tokens for span in filled))
    bases, chain = [], _ROOT
    for content, tokens in filled:
        base = _mix(chain ^ (content & _MASK))
        bases.append(base)
        chain = _mix(base + tokens * _POSITION)
    ends = np.arange(block_size, stops[-1] + 1, block_size)
    span_of = np.searchsorted(stops, ends)
    starts = np.array([0, *stops[:-1]])
    positions = (ends - starts[span_of]).astype(np.uint64)
    hashes: list[int] = _mix_all(
        np.array(bases, np.uint64)[span_of] + positions * np.uint64(_POSITION)
    ).tolist()
    return hashes


def _mix(value: int) -> int:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    value &= _MASK
    value = ((value ^ (value >> 30)) * _FIRST) & _MASK
    value = ((value ^ (value >> 27)) * _SECOND) & _MASK
    return value ^ (value >> 31)


def _mix_all(values: Hashes) -> Hashes:
    """``_mix`` of each of them."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(_FIRST)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(_SECOND)
    mixed: Hashes = values ^ (values >> np.uint64(31))
    return mixed


class KVCache:
    """A pool of blocks and the index of what they hold.

    A hash is never cached without those before it: whoever holds a block holds what is before it,
    and gives it back later.

    Args:
        blocks: size of the pool, the null block included.
    """

    def __init__(self, blocks: int):
        self.usable_blocks = blocks - 1
        # a block gets its number when it is first taken
        self._users: list[int] = []
        self._holds: dict[int, int] = {}
        # the free queue: blocks that hold nothing, those never used, those that hold something
        self._empty: list[int] = []
        self._free: OrderedDict[int, None] = OrderedDict()
        self._block_of: dict[int, int] = {}
        self._copies: dict[int, list[int]] = {}

    @property
    def free_blocks(self) -> int:
        """Blocks that no request holds, whether or not they still hold content."""
        return self.usable_blocks - len(self._users) + len(self._empty) + len(self._free)

    def cached_prefix(self, hashes: Sequence[int], limit: int | None = None) -> int:
        """How many leading blocks of a sequence are in the cache, ``limit`` at most."""
        known = self._block_of
        return bisect_left(hashes, True, hi=limit, key=lambda block: block not in known)

    def shared(self, hashes: Sequence[int]) -> list[int]:
        """The blocks that hold these hashes, all of which are cached."""
        return [self._block_of[block_hash] for block_hash in hashes]

    def unheld(self, blocks: Iterable[int]) -> int:
        """How many of the blocks no request holds."""
        users = self._users
        return sum(not users[block] for block in blocks)

    def share(self, blocks: Iterable[int]) -> None:
        """One more request holds these blocks."""
        users, free = self._users, self._free
        for block in blocks:
            if not users[block]:
                del free[block]
            users[block] += 1

    def take(self, count: int) -> list[int]:
        """Blocks for new content, from the front of the free queue; there must be as many."""
        cut = max(0, len(self._empty) - count)
        taken = self._empty[cut:]
        del self._empty[cut:]
        for block in taken:
            self._users[block] = 1
        first = len(self._users)
        unused = min(count - len(taken), self.usable_blocks - first)
        taken.extend(range(first, first + unused))
        self._users.extend([1] * unused)
        popped = [self._free.popitem(last=False)[0] for _ in range(count - len(taken))]
        self._forget(popped)
        for block in popped:
            self._users[block] = 1
        return taken + popped

    def remember(self, blocks: Iterable[int], hashes: Iterable[int]) -> None:
        """Index blocks that have just come full under the hashes of what they hold.

        Two blocks may hold the same content; the one that was indexed first is reused first.
        """
        holds, block_of = self._holds, self._block_of
        for block, block_hash in zip(blocks, hashes, strict=True):
            holds[block] = block_hash
            if block_of.setdefault(block_hash, block) != block:
                self._copies.setdefault(block_hash, []).append(block)

    def release(self, blocks: Sequence[int]) -> None:
        """Give a request's blocks back, the tail first; what they hold stays until retaken."""
        users, holds, free = self._users, self._holds, self._free
        for block in reversed(blocks):
            users[block] -= 1
            if users[block]:
                continue
            if block in holds:
                free[block] = None
            else:
                self._empty.append(block)

    def _forget(self, blocks: Iterable[int]) -> None:
        """Take blocks out of the index; a copy of what one held takes its place."""
        holds, block_of = self._holds, self._block_of
        for block in blocks:
            block_hash = holds.pop(block)
            if block_hash in self._copies:
                self._replace(block, block_hash)
            else:
                del block_of[block_hash]

    def _replace(self, block: int, block_hash: int) -> None:
        copies = self._copies[block_hash]
        if self._block_of[block_hash] != block:
            copies.remove(block)
        else:
            self._block_of[block_hash] = copies.pop(0)
        if not copies:
            del self._copies[block_hash]
