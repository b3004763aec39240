"""The log of one run, whose tables are read when they are first asked for, and once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from market.errors import BadInput
from orchestrator.log import read_table
from orchestrator.runs.directory import RunDescription, read_description

Rows = list[dict[str, Any]]


class NoRow(LookupError):
    """A row that must be there is not; the argument is the table."""


class Keyed(dict[Any, Any]):
    """Rows of a ``table``, or what was made of them, by a key; raises ``NoRow``."""

    def __init__(self, table: str, rows: Iterable[tuple[Any, Any]]):
        super().__init__(rows)
        self._table = table

    def __missing__(self, key: Any) -> Any:
        raise NoRow(self._table)


class LoggedRun:
    """What a run logged, for whoever looks into many of its clearings.

    Args:
        path: the run's directory.
    """

    def __init__(self, path: Path):
        self.path = path
        self._tables: dict[str, pa.Table] = {}

    @cached_property
    def description(self) -> RunDescription:
        """What ``run.json`` says; raises ``BadInput`` if there is none."""
        return read_description(self.path)

    def table(self, name: str) -> pa.Table:
        """A whole table; raises ``BadInput`` if a part of it cannot be read."""
        if name not in self._tables:
            self._tables[name] = read_table(self.path, name)
        return self._tables[name]

    def rows(self, table: str, **equal: Any) -> Rows:
        """The rows of a table in which every named column has the given value."""
        condition = pc.scalar(True)
        for column, value in equal.items():
            condition = condition & (pc.field(column) == value)
        found: Rows = self.table(table).filter(condition).to_pylist()
        return found

    @contextmanager
    def whole_for(self, what: str) -> Iterator[None]:
        """Where a row is missed, or what is built is bad, ``BadInput`` that names ``what``."""
        try:
            yield
        except NoRow as error:
            problem = f"has no rows of {error.args[0]} for it: the log is not whole"
            raise BadInput(f"{self.path}: {what}", problem) from None
        except BadInput as error:
            problem = f"{error.problem}: the log is not whole"
            raise BadInput(f"{self.path}: {what}: {error.where}", problem) from None
