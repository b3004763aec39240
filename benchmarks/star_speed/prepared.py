"""The role of an exact solver that is measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from market.workflow.quantities import IntArray


class Prepared(NamedTuple):
    """A model that has been built; ``solve`` returns the provider of every node (n,)."""

    solver: str
    solve: Callable[[], IntArray]
