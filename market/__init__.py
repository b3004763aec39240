"""What a market is: problems, mechanisms, prices; and the words that cross package boundaries.

Usable alone: ``from market import solve`` clears one auction given as a dict, and ``explain`` says
why it is cleared so.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from market.errors import BadInput, Infeasible, NotProvenOptimal, TooCostly, WalrasError

if TYPE_CHECKING:
    from market.explaining import explain
    from market.solving import solve

__all__ = [
    "BadInput",
    "Infeasible",
    "NotProvenOptimal",
    "TooCostly",
    "WalrasError",
    "explain",
    "solve",
]

#: Where the two doors are; they are imported when they are asked for, as solvers take a second.
_HOMES = {"explain": "market.explaining", "solve": "market.solving"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
