"""Longest processing time first: dealing out things of different sizes evenly (Graham, 1969)."""

from __future__ import annotations

import heapq
from collections.abc import Sequence


def lpt(sizes: Sequence[int], parts: int, order: Sequence[int]) -> list[list[int]]:
    """Deal things out, the largest first, each to the part that is smallest by then.

    A part exceeds the smallest one by at most the smallest thing in it: when that came, no part
    was smaller. No part stays empty where there are things enough and each has a positive size.

    Args:
        sizes: (things,), positive.
        parts: how many parts; at most as many as things.
        order: the things in the order in which equal ones are dealt.

    Returns:
        For each part, its things in order.
    """
    dealt: list[list[int]] = [[] for _ in range(parts)]
    totals = [(0, part) for part in range(parts)]
    for thing in sorted(order, key=lambda thing: -sizes[thing]):
        total, part = totals[0]
        dealt[part].append(thing)
        heapq.heapreplace(totals, (total + sizes[thing], part))
    return [sorted(part) for part in dealt]
