"""How often a process of a market looks for cyclic garbage."""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """Let Python look for cyclic garbage far less often than it does by itself.

    A market holds millions of objects, makes thousands a round, and hardly any cycles.
    """
    gc.set_threshold(50_000, 20, 50)
