"""What a process of a market does with its memory."""

from __future__ import annotations

import gc
import resource
import sys


def collect_rarely() -> None:
    """Let Python look for cyclic garbage far less often than it does by itself.

    A market holds millions of objects, makes thousands a round, and hardly any cycles.
    """
    gc.set_threshold(50_000, 20, 50)


def peak_memory_bytes() -> int:
    """The most memory that this process has had resident at a time."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
