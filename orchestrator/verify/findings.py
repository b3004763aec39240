"""What a verification finds wrong: one cell or row of the log each, and how they are collected."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from orchestrator.log.tables import TABLES

#: The columns that name a row of a table within its trial; those of the first row bad are told.
KEYS: dict[str, tuple[str, ...]] = {
    "providers": ("provider",),
    "hubs": ("round", "hub"),
    "rounds": ("round",),
    "requests": ("request",),
    "bids": ("round", "provider"),
    "priors": ("prior",),
    "predictions": ("round", "hub", "request"),
    "awards": ("kind", "request", "provider"),
    "prequential": ("round", "hub", "provider"),
    "completions": ("kind", "request"),
    "settlements": ("kind", "request", "provider"),
    "auctions": ("workflow",),
    "workflows": ("workflow",),
    "nodes": ("workflow", "node"),
    "edges": ("workflow", "source", "target"),
    "handoffs": ("workflow", "source", "target"),
    "faults": ("round", "participant", "name", "event"),
    "timings": ("round",),
}

#: Of what is told of a value that is long, so many characters.
_MOST_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the log that does not hold; ``column`` is empty where it is the whole row.

    ``round`` is None where it is of the whole trial, and ``trial`` where it is of the whole run.
    """

    check: str
    trial: int | None
    round: int | None
    table: str
    row: str
    column: str
    found: str
    expected: str

    @property
    def line(self) -> str:
        """One line for a person."""
        where = [self.table]
        where += [] if self.trial is None else [f"trial {self.trial}"]
        where += [] if self.round is None else [f"round {self.round}"]
        where += [self.row] if self.row else []
        where += [self.column] if self.column else []
        return f"{', '.join(where)}: found {self.found}, expected {self.expected} ({self.check})"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class Findings:
    """Collects what is found: all are counted, the first ``most`` are kept.

    Args:
        trial: whose log is checked.
        most: how many are kept.
    """

    def __init__(self, trial: int, most: int = 1000):
        self._trial = trial
        self._most = most
        self._check = ""
        self.kept: list[Finding] = []
        self.count = 0

    def begin(self, check: str) -> None:
        """What is found from now on is found by this check."""
        self._check = check

    def expect(
        self, table: str, row: Mapping[str, Any], column: str, expected: Any, near: float = 0.0
    ) -> bool:
        """Whether a cell is what it must be, by a relative error of ``near``; noted if it is not.

        NaN equals nothing.
        """
        found = row[column]
        holds = same(found, expected, near)
        if not holds:
            self.add(table, row, column, found, shown(expected))
        return holds

    def require(
        self, holds: bool, table: str, row: Mapping[str, Any], column: str, expected: str
    ) -> None:
        """Note a cell that breaks a rule which says what is ``expected`` in words."""
        if not holds:
            self.add(table, row, column, row[column] if column else "the row", expected)

    def add(
        self, table: str, row: Mapping[str, Any], column: str, found: Any, expected: str
    ) -> None:
        """Note what was found in a row."""
        self.count += 1
        if len(self.kept) < self._most:
            round_ = row.get("round")
            self.kept.append(
                Finding(
                    self._check,
                    self._trial,
                    round_,
                    table,
                    named(table, row),
                    column,
                    shown(found),
                    expected,
                )
            )


def named(table: str, row: Mapping[str, Any]) -> str:
    """The row by what names it within its round."""
    keys = [key for key in KEYS.get(table, ()) if key in row and key != "round"]
    return " ".join(f"{key} {row[key]}" for key in keys)


def same(found: Any, expected: Any, near: float = 0.0) -> bool:
    """Whether two values are equal; numbers by a relative error, others exactly."""
    if near and isinstance(found, float | int) and isinstance(expected, float | int):
        return bool(abs(found - expected) <= near * max(abs(found), abs(expected)))
    return bool(found == expected)


def shown(value: Any) -> str:
    """A value in few characters."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."


def position(finding: Finding) -> tuple[int, float, int]:
    """By which the first finding of a run is known: trial, round, table."""
    order = list(TABLES).index(finding.table) if finding.table in TABLES else -1
    trial = -1 if finding.trial is None else finding.trial
    return trial, math.inf if finding.round is None else finding.round, order
