"""The published way to compute payments: STAR, appendix C, algorithm 1."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from market.money import TOKENS_PER_MTOK


def interval_splitting_payment(
    quantity: Callable[[float], float], bid: float, highest: float, epsilon: float
) -> float:
    """What a winner is paid for the work it would lose at some bid up to ``highest``, in USD.

    ``quantity`` is its tokens at any bid; bids and ``epsilon`` are USD per 1e6 output tokens.
    Algorithm 1, evaluating the middle of an interval only where it is used. Every loss is paid
    within ``epsilon`` / 2 of where it falls.
    """
    payment = 0.0
    intervals = deque([(bid, highest)])
    while intervals:
        left, right = intervals.popleft()
        middle = (left + right) / 2
        q_left, q_right = quantity(left), quantity(right)
        if q_left == q_right:
            continue
        if abs(left - right) < epsilon:
            payment += middle * (q_left - q_right)
            continue
        q_middle = quantity(middle)
        if q_left != q_middle:
            intervals.append((left, middle))
        if q_middle != q_right:
            intervals.append((middle, right))
    return payment / TOKENS_PER_MTOK
