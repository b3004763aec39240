"""What the certifier says instead of choosing, and the choice that it makes where there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import TypeVar

Choice = TypeVar("Choice")


class Ambiguous(Exception):
    """Two answers are equally good, so that no answer is the one to expect."""


def only_least(choices: Iterable[Choice], cost: Callable[[Choice], Fraction]) -> Choice:
    """The choice of least cost; raises ``Ambiguous`` if another one costs the same."""
    priced = [(cost(choice), choice) for choice in choices]
    least = min(price for price, _ in priced)
    best = [choice for price, choice in priced if price == least]
    if len(best) > 1:
        raise Ambiguous(f"{best[0]} and {best[1]} both cost {least}")
    return best[0]
