"""From a scenario to a log: demand, rounds, runtimes, Parquet, reports and the command.

``from orchestrator import open_run, run_market``: a run's tables in Python, and a run from there.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.opened_run import Run, open_run
    from orchestrator.run_in_python import run_market

__all__ = ["Run", "open_run", "run_market"]

#: Where what is offered here lives; imported when it is asked for, as that takes a second.
_HOMES = {
    "Run": "orchestrator.opened_run",
    "open_run": "orchestrator.opened_run",
    "run_market": "orchestrator.run_in_python",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
