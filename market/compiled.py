"""Loops over numbers that are compiled to machine code."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from numba import njit

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """``function``, compiled when it is first called.

    The machine code is kept beside the source or in the user's cache, for the next process;
    where neither can be written, every process compiles anew. A disk that is full when it comes
    to writing is an ``OSError``. Sums keep the order in which they are written.
    """
    try:
        return njit(cache=True)(function)  # type: ignore[no-any-return]
    except RuntimeError:  # numba found no place to write to
        return njit(function)  # type: ignore[no-any-return]
