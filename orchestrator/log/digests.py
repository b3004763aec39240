"""Digests of the log: what was written in a round, so that no later change goes unseen.

A trial has two chains of SHA-256: one over all tables in the order (round, table), which repeats
with the scenario, and one over ``timings``, which does not. The first link of a trial, the row of
``digests`` for ``run.json``, is over what the run says of itself and the last link of the trial
before. The table ``digests`` has no digests: they are computed again to check them.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from market.errors import BadInput
from orchestrator.log.canonical import CanonicalRows
from orchestrator.log.tables import TABLES, DigestRow
from orchestrator.reading.json_text import parse_json
from orchestrator.reading.text_file import read_text

DIGESTS = "digests"
TIMINGS = "timings"
RUN_JSON = "run.json"

#: What of ``run.json`` the log depends on; the rest says how the run went.
DESCRIBED = ("schema_version", "name", "seed", "scenario")

#: The tables with digests, in the order of their links in a round.
DIGESTED = {table: place for place, table in enumerate(TABLES) if table != DIGESTS}

NO_DIGEST = "0" * 64


@dataclass(frozen=True)
class Rows:
    """The rows of a table in one round: those from ``low`` to ``high`` of some canonical ones."""

    trial: int
    round: int
    table: str
    within: CanonicalRows
    low: int
    high: int

    def link(self, before: str) -> str:
        """The link of these rows in a chain, after another."""
        head = f"{before} {self.trial} {self.round} {self.table} {self.high - self.low}\n"
        digest = hashlib.sha256(head.encode())
        for piece in self.within.pieces(self.low, self.high):
            digest.update(piece.data)
        return digest.hexdigest()


class Chains:
    """The last links of both chains of a trial.

    Args:
        log: of the tables that repeat with the scenario.
        timings: of the other.
    """

    def __init__(self, log: str, timings: str):
        self.log = log
        self.timings = timings

    @classmethod
    def start(cls, run: Path, trial: int, before: str) -> Chains:
        """The first links of a trial; ``before`` is the last link of the trial before.

        Raises:
            BadInput: the run's ``run.json`` cannot be read.
        """
        return cls.after(_sha256(f"{before} {trial} {_said(run)}"))

    @classmethod
    def after(cls, first: str) -> Chains:
        """The chains of a trial with this first link."""
        return cls(first, _sha256(f"{first} {TIMINGS}"))

    def first_row(self, trial: int) -> DigestRow:
        """The row of ``digests`` with which a trial begins."""
        return DigestRow(trial, 0, RUN_JSON, 0, self.log, [])

    def add(self, rows: Rows) -> str:
        """Append a link; returns it."""
        if rows.table == TIMINGS:
            self.timings = rows.link(self.timings)
            return self.timings
        self.log = rows.link(self.log)
        return self.log

    def rows(self, tables: Mapping[str, pa.Table]) -> list[DigestRow]:
        """Append the links of the next rounds of a trial: whole ones, in order.

        Returns the rows of ``digests``, in the order of the links.
        """
        found = []
        for table in DIGESTED.keys() & tables.keys():
            within = CanonicalRows(tables[table])
            digests = within.row_digests().tolist()
            found += [(rows, digests[rows.low : rows.high]) for rows in _cut(tables, table, within)]
        found.sort(key=lambda one: (one[0].round, DIGESTED[one[0].table]))
        return [
            DigestRow(rows.trial, rows.round, rows.table, len(digests), self.add(rows), digests)
            for rows, digests in found
        ]


def description_digest(run: Path) -> str:
    """Of what the log depends on of what ``run.json`` says.

    Raises:
        BadInput: it cannot be read.
    """
    return _sha256(_said(run))


def _said(run: Path) -> str:
    return json.dumps(described(run), sort_keys=True)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def described(run: Path) -> dict[str, object]:
    """What the log depends on of what ``run.json`` says; nothing where there is none."""
    path = run / RUN_JSON
    if not path.exists():
        return {}
    try:
        said = parse_json(read_text(path))
    except BadInput as error:
        raise error.inside(str(path)) from None
    if not isinstance(said, dict):
        raise BadInput(str(path), "is not what a run says of itself")
    return {key: said.get(key) for key in DESCRIBED}


def _cut(tables: Mapping[str, pa.Table], table: str, within: CanonicalRows) -> list[Rows]:
    """The rows of a table by round."""
    rounds = tables[table]["round"].to_numpy()
    if not len(rounds):
        return []
    steps = np.diff(rounds)
    if (steps < 0).any():
        raise ValueError(f"rows of {table} are not in the order of their rounds")
    bounds = [0, *(np.flatnonzero(steps) + 1).tolist(), len(rounds)]
    trial = tables[table]["trial"][0].as_py()
    return [
        Rows(trial, int(rounds[low]), table, within, low, high)
        for low, high in itertools.pairwise(bounds)
    ]
