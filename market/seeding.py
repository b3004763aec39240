"""Randomness keyed by what it is for.

Every random stream is named by ``(seed, *key)``, hashed with SHA-256, so that a draw depends on
its name alone: neither on the order of the draws, nor on who else draws, nor on the process.
"""

from __future__ import annotations

import hashlib

import numpy as np

Key = str | int


def _digest(seed: int, key: tuple[Key, ...]) -> bytes:
    text = "".join(f"{type(part).__name__}{len(str(part))}:{part}" for part in (seed, *key))
    return hashlib.sha256(text.encode()).digest()


def stream(seed: int, *key: Key) -> np.random.Generator:
    """A generator of its own for ``key`` under ``seed``."""
    words = np.frombuffer(_digest(seed, key), dtype=np.uint32)
    return np.random.default_rng(np.random.SeedSequence(words.tolist()))


def uniform(seed: int, *key: Key) -> float:
    """One draw from [0, 1), for places where a whole generator would be too much."""
    return (int.from_bytes(_digest(seed, key)[:8], "big") >> 11) * 2.0**-53


def content_id(*key: Key) -> int:
    """A 64-bit name for a piece of content; equal keys name the same tokens."""
    return int.from_bytes(_digest(0, key)[:8], "big")
