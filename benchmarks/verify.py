"""What ``walras verify`` still catches of a log whose digests were made to fit, column by column.

Whoever rewrites history can write its digests, too. Then what is left is what follows from the
rest of the log: every column is altered some times, one cell at a time, and all checks but the
digests look for it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow as pa

from benchmarks.markdown import table
from benchmarks.tampering import tampered
from benchmarks.tiers import ENGINES, group
from orchestrator.log.tables import TABLES
from orchestrator.runs.directory import prepare_directory
from orchestrator.runs.run import run_scenario
from orchestrator.runtime import InProcess
from orchestrator.scenario.model import Scenario
from orchestrator.verify.trial_log import UNREAD, VerifiedRun
from orchestrator.verify.verify import verify_trial


class TamperedRun(VerifiedRun):
    """The log of a run in which some tables are others."""

    def __init__(self, path: Path, tables: Mapping[str, pa.Table]):
        super().__init__(path)
        self._tables = dict(tables)

    def pieces(self, table: str) -> Iterator[pa.Table]:
        """A table, at once."""
        yield self.table(table)


@dataclass(frozen=True)
class Caught:
    """Of one column: how many cells were altered, and how many of them were noticed."""

    table: str
    column: str
    altered: int
    noticed: int


def market(rounds: int, mechanism: str, seed: int) -> Scenario:
    """Dialogues in an auction that explores a little, and workflows; a provider is lost."""
    return Scenario.model_validate(
        {
            "seed": seed,
            "rounds": rounds,
            "providers": [
                group(
                    "small",
                    1,
                    0.2,
                    8,
                    domains=["code", "law"],
                    chat_slots=2,
                    engine=ENGINES["small"],
                ),
                group(
                    "large",
                    3,
                    5.0,
                    4,
                    domains=["code", "law"],
                    chat_slots=1,
                    workflow_slots=2,
                    engine=ENGINES["large"],
                    prior={
                        "kind": "truncated_normal",
                        "mean": 3.0,
                        "deviation": 2.0,
                        "low": 0.1,
                        "high": 15.0,
                    },
                ),
            ],
            "hubs": {"count": 2, "mechanism": mechanism, "exploration": {"rate": 0.1}},
            "clients": {"count": 30},
            "demand": [
                {"kind": "dialogues", "rate_per_s": 12, "burstiness": 0.5},
                {"kind": "workflows", "every_rounds": 3, "execution_token_scale": 0.001},
            ],
            "faults": {
                "requests": "reauction",
                "listed": [{"round": 4, "provider": "small-000"}, {"round": 6, "hub": "hub-1"}],
            },
        }
    )


def logged(scenario: Scenario, directory: Path) -> TamperedRun:
    """Run a market, and hold its log in memory."""
    prepare_directory(directory, force=False)
    with closing(InProcess()) as runtime:
        run_scenario(scenario, "verify", directory, runtime, lambda advance: None)
    run = VerifiedRun(directory)
    return TamperedRun(directory, {name: run.table(name) for name in TABLES})


def share_caught(run: TamperedRun, times: int, seed: int) -> Iterator[Caught]:
    """Alter every column of every table some times, and see whether it is noticed."""
    rng = np.random.default_rng(seed)
    whole = {name: run.table(name) for name in TABLES if name not in UNREAD}
    for name, rows in whole.items():
        for column in rows.column_names if rows.num_rows else ():
            noticed = sum(_noticed(run, whole, name, column, rng) for _ in range(times))
            yield Caught(name, column, times, noticed)


def _noticed(
    run: TamperedRun,
    whole: Mapping[str, pa.Table],
    name: str,
    column: str,
    rng: np.random.Generator,
) -> bool:
    changed, _ = tampered(name, whole[name], rng, column)
    copy = TamperedRun(run.path, {**whole, name: changed})
    found, _ = verify_trial(copy, 0, over=True, payments="none")
    return found.count > 0


def summary(caught: list[Caught]) -> list[list[Any]]:
    """A row a table: columns always caught, sometimes and never; the latter two by name."""
    rows = []
    for name in TABLES:
        of_it = [one for one in caught if one.table == name]
        if not of_it:
            continue
        always = [one for one in of_it if one.noticed == one.altered]
        never = [one.column for one in of_it if not one.noticed]
        some = [
            f"{one.column} {one.noticed}/{one.altered}"
            for one in of_it
            if 0 < one.noticed < one.altered
        ]
        cells = f"{sum(one.noticed for one in of_it)}/{sum(one.altered for one in of_it)}"
        rows.append([name, ", ".join(some), ", ".join(never), f"{len(always)}/{len(of_it)}", cells])
    return rows


@click.command()
@click.option("--rounds", default=8, show_default=True, type=click.IntRange(7), help="Of demand.")
@click.option("--times", default=5, show_default=True, type=click.IntRange(1), help="A column.")
@click.option("--mechanism", default="auction", show_default=True, help="Of the matching hubs.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
def command(rounds: int, times: int, mechanism: str, seed: int) -> None:
    """What verification catches of a log whose digests were rewritten, by table and column."""
    with tempfile.TemporaryDirectory() as directory:
        run = logged(market(rounds, mechanism, seed), Path(directory) / "run")
        begun = time.perf_counter()
        caught = list(share_caught(run, times, seed))
        seconds = time.perf_counter() - begun
    head = ["table", "columns caught sometimes", "never", "always", "cells"]
    click.echo(table(head, summary(caught), words=3))
    noticed, altered = sum(one.noticed for one in caught), sum(one.altered for one in caught)
    share = f"{noticed} of {altered} altered cells ({noticed / altered:.0%})"
    click.echo(f"\n{share} are caught without digests, in {seconds / altered:.2f} s each.")
