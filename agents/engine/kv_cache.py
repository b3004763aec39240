"""The KV cache of an engine: blocks, chained block hashes, least-recently-used reuse.

The rules are vLLM's (v1/core): only full blocks are shared; a block's hash covers all tokens
before it; freed blocks keep their content and go to the end of the free queue, a request's tail
first, so that shared beginnings outlive private ends; a new block is taken from the front of the
queue and forgets what it held.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from market.prompt import Span

_MASK = (1 << 64) - 1
_ROOT = 0x9E3779B97F4A7C15
_POSITION = 0xD1342543DE82EF95
_LENGTH = 0xC2B2AE3D27D4EB4F


def _mix(parent: int, piece: int) -> int:
    mixed = ((parent ^ piece) * 0x9FB21C651E98DF25) & _MASK
    return mixed ^ (mixed >> 29)


def block_hashes(spans: Iterable[Span], block_size: int) -> list[int]:
    """The chained 64-bit hashes of the full blocks of a token sequence.

    Two sequences share their first k hashes exactly when they share their first k blocks of
    tokens (up to collisions of 64 bits).
    """
    hashes: list[int] = []
    parent, filled = _ROOT, 0
    for content, tokens in spans:
        position = 0
        while position < tokens:
            length = min(block_size - filled, tokens - position)
            piece = content + position * _POSITION + length * _LENGTH
            parent = _mix(parent, piece & _MASK)
            position += length
            filled += length
            if filled == block_size:
                hashes.append(parent)
                filled = 0
    return hashes


@dataclass(slots=True)
class Allocation:
    """The blocks that one request holds; the first ``hits`` were cached when it was admitted."""

    blocks: list[int]
    hits: int


class KVCache:
    """A pool of blocks and the index of what they hold.

    Args:
        blocks: size of the pool.
    """

    def __init__(self, blocks: int):
        self.blocks = blocks
        self._never_used = 0
        self._free: OrderedDict[int, None] = OrderedDict()
        self._users: dict[int, int] = {}
        self._hash_of: dict[int, int] = {}
        self._block_of: dict[int, int] = {}
        self._copies: dict[int, list[int]] = {}

    @property
    def free_blocks(self) -> int:
        """Blocks that no request holds, whether or not they still hold content."""
        return self.blocks - len(self._users)

    def cached_prefix(self, hashes: list[int]) -> int:
        """How many leading blocks of a sequence are in the cache."""
        for count, block_hash in enumerate(hashes):
            if block_hash not in self._block_of:
                return count
        return len(hashes)

    def allocate(self, hashes: list[int], reusable: int, total: int) -> Allocation | None:
        """Take the blocks for a request, or None where there are too few.

        Args:
            hashes: hashes of the request's full prompt blocks; they are cached from now on.
            reusable: how many leading blocks may be reused (the last token is recomputed).
            total: blocks needed in all.
        """
        hits = self.cached_prefix(hashes[:reusable])
        held = [self._block_of[block_hash] for block_hash in hashes[:hits]]
        unheld_hits = sum(block not in self._users for block in held)
        if total - hits > self.free_blocks - unheld_hits:
            return None
        for block in held:
            self._hold(block)
        fresh = [self._take() for _ in range(total - hits)]
        allocation = Allocation(held + fresh, hits)
        self.remember(allocation, hashes, hits)
        return allocation

    def remember(self, allocation: Allocation, hashes: list[int], start: int) -> None:
        """Index the blocks from ``start`` on under the hashes of what they now hold.

        Two blocks may hold the same content; the one that was indexed first is reused first.
        """
        for block, block_hash in zip(allocation.blocks[start:], hashes[start:], strict=False):
            if block in self._hash_of:
                continue
            self._hash_of[block] = block_hash
            if block_hash in self._block_of:
                self._copies.setdefault(block_hash, []).append(block)
            else:
                self._block_of[block_hash] = block

    def release(self, allocation: Allocation) -> None:
        """Give the blocks back, the tail first; what they hold stays until they are retaken."""
        for block in reversed(allocation.blocks):
            users = self._users[block] - 1
            if users:
                self._users[block] = users
            else:
                del self._users[block]
                self._free[block] = None

    def _hold(self, block: int) -> None:
        if block not in self._users:
            del self._free[block]
        self._users[block] = self._users.get(block, 0) + 1

    def _take(self) -> int:
        if self._never_used < self.blocks:
            block = self._never_used
            self._never_used += 1
        else:
            block, _ = self._free.popitem(last=False)
            self._forget(block)
        self._users[block] = 1
        return block

    def _forget(self, block: int) -> None:
        """Take a block out of the index; a copy of what it held takes its place."""
        block_hash = self._hash_of.pop(block, None)
        if block_hash is None:
            return
        copies = self._copies.get(block_hash, [])
        if self._block_of[block_hash] != block:
            copies.remove(block)
        elif copies:
            self._block_of[block_hash] = copies.pop(0)
        else:
            del self._block_of[block_hash]
        if not copies:
            self._copies.pop(block_hash, None)
