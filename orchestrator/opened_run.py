"""A run to look into: its tables as Polars, pandas, Arrow or SQL, and what they mean."""

from __future__ import annotations

import html
from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from market.errors import BadInput
from market.fields import shown
from orchestrator.log import read_checkpoint, read_table
from orchestrator.log.columns import Column, columns, schema_of
from orchestrator.log.frames import DuckDBViews, in_usd, pandas_frame, polars_frame
from orchestrator.log.schema import SCHEMAS
from orchestrator.runs.directory import COMPARED, Status, read_description
from orchestrator.runs.run_file import RUN_FILE
from orchestrator.scenario.model import Scenario

if TYPE_CHECKING:
    import polars

    from orchestrator.analysis.summary import RunSummary


def open_run(path: str | Path) -> Run:
    """Open the directory of a run, whether it is over, under way or was stopped.

    Raises:
        BadInput: there is no run of this version.
    """
    return Run(Path(path))


class Run:
    """A run's log, read when it is asked for.

    Every read gives what counts at that moment, each row once. Money is integer nano-USD; with
    ``usd=True`` the columns ``x_nano`` come as ``x_usd``, in USD.

    Args:
        path: the run's directory.

    Raises:
        BadInput: there is no run of this version; from all methods: the log is damaged, a table
            or column does not exist, or a library is not installed.
    """

    def __init__(self, path: Path):
        self.path = path
        self._described = read_description(path)
        self._compared: dict[str, Run] = {}

    @property
    def name(self) -> str:
        """The name of its scenario."""
        return self._described.name

    @property
    def status(self) -> Status:
        """As ``run.json`` says now; a run that was killed without a word still says running."""
        return read_description(self.path).status

    @property
    def scenario(self) -> Scenario:
        """What was run, all defaults filled in."""
        return self._described.scenario

    @property
    def seed(self) -> int:
        """Of all draws."""
        return self._described.seed

    @property
    def trials(self) -> int:
        """How many trials it is of."""
        return self.scenario.trials

    @property
    def mechanism(self) -> str:
        """By which its hubs match chat requests."""
        return self.scenario.hubs.mechanism

    @property
    def compared(self) -> dict[str, Run]:
        """The runs of the same tape under other mechanisms that have begun, by mechanism."""
        for name in self.scenario.compare:
            place = self.path / COMPARED / name
            if name not in self._compared and (place / RUN_FILE).is_file():
                self._compared[name] = Run(place)
        return dict(self._compared)

    @property
    def arms(self) -> dict[str, Run]:
        """This run and those it is compared with, by mechanism."""
        return {self.mechanism: self, **self.compared}

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of all tables; one may have no rows."""
        return tuple(SCHEMAS)

    def columns(self, table: str) -> tuple[Column, ...]:
        """What the columns of a table mean."""
        return columns(table)

    def arrow(
        self, table: str, columns: Sequence[str] | None = None, *, usd: bool = False
    ) -> pa.Table:
        """A table, or some of its columns, as Arrow; rows in the order of writing.

        With ``usd``, ``columns`` may name either ``x_nano`` or ``x_usd``.
        """
        known = schema_of(table).names
        wanted = None if columns is None else [_stored(known, name, usd) for name in columns]
        rows = read_table(self.path, table, wanted)
        return in_usd(rows) if usd else rows

    def polars(
        self, table: str, columns: Sequence[str] | None = None, *, usd: bool = False
    ) -> polars.DataFrame:
        """The same as Polars."""
        return polars_frame(self.arrow(table, columns, usd=usd))

    def pandas(self, table: str, columns: Sequence[str] | None = None, *, usd: bool = False) -> Any:
        """The same as pandas."""
        return pandas_frame(self.arrow(table, columns, usd=usd))

    def duckdb(self) -> Any:
        """A new DuckDB connection with every table as a view; the rows stay on the disk.

        It shows the run as it is now. Of a run under way it may lose sight of files that are
        merged later; ``sql`` looks anew for every query.
        """
        return DuckDBViews(self.path).connection

    def sql(self, query: str) -> Any:
        """The DuckDB relation of a query over the tables: ``.fetchall()``, ``.pl()``, ``.df()``."""
        self._views.refresh()
        return self._views.connection.sql(query)

    @cached_property
    def _views(self) -> DuckDBViews:
        return DuckDBViews(self.path)

    def summary(self) -> RunSummary:
        """The figures that ``walras run`` prints."""
        from orchestrator.analysis.summary import summarize

        return summarize(self.path)

    def metrics(self, only: Collection[str] | None = None) -> dict[int, dict[str, float]]:
        """The figures that experiments compare, by trial, then by name.

        ``orchestrator.analysis.metrics.METRICS`` says what each means. NaN is what is not defined.
        """
        from orchestrator.analysis.metrics import market_metrics

        return market_metrics(self.path, only)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}: {self._said()})"

    def _repr_html_(self) -> str:
        facts = {"run": str(self.path), "what": self._said(), "tables": ", ".join(self.tables)}
        rows = "".join(
            f"<tr><th>{label}</th><td style='text-align:left'>{html.escape(fact)}</td></tr>"
            for label, fact in facts.items()
        )
        return f"<table>{rows}</table>"

    def _said(self) -> str:
        scenario = self.scenario
        checkpoint = read_checkpoint(self.path)
        reached = f"trial {checkpoint.trial}, round {checkpoint.round}" if checkpoint else "nothing"
        compared = f", compared with {', '.join(scenario.compare)}" if scenario.compare else ""
        return (
            f"{self.name}, seed {self.seed}, {self.status}, logged up to {reached}; "
            f"{sum(group.count for group in scenario.providers)} providers, "
            f"{self.trials} trial{'s' * (self.trials > 1)} of {scenario.rounds} rounds, "
            f"{self.mechanism}{compared}"
        )


def _stored(known: Sequence[str], name: str, usd: bool) -> str:
    """The column on the disk that a person named."""
    nano = name.removesuffix("_usd") + "_nano"
    if name not in known and usd and nano in known:
        return nano
    if name not in known:
        raise BadInput("columns", f"expected some of {', '.join(known)}; got {shown(name)}")
    return name
