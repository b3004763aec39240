"""The command that fills the truthfulness matrix."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import click

from benchmarks.page import check_blocks, with_blocks
from benchmarks.truthfulness.horizon import gains, studies
from benchmarks.truthfulness.matrix import Horizon, all_factors, matrix
from benchmarks.truthfulness.one_round import one_round
from market.errors import BadInput

BLOCKS = ("matrix", "factors")


@click.command("truthfulness")
@click.option("--markets", default=300, show_default=True, help="Random markets, for one round.")
@click.option("--trials", default=24, show_default=True, help="Runs of every lie, for all rounds.")
@click.option("--rounds", default=30, show_default=True, help="Rounds of a run.")
@click.option("--seed", default=1, show_default=True, help="Of the random markets.")
@click.option("--processes", default=2, show_default=True, help="That share the runs.")
@click.option(
    "--write",
    type=click.Path(path_type=Path),
    metavar="PAGE",
    help="Write the tables into the generated blocks of this page.",
)
def command(
    markets: int, trials: int, rounds: int, seed: int, processes: int, write: Path | None
) -> None:
    """Who gains by lying: every mechanism, providers and clients, in one round and over many."""
    for name, value, least in (
        ("--markets", markets, 1),
        ("--trials", trials, 2),
        ("--rounds", rounds, 1),
        ("--processes", processes, 1),
    ):
        if value < least:
            raise click.BadParameter(f"expected at least {least}", param_hint=name)
    try:
        if write is not None:
            check_blocks(write, BLOCKS)
        rows = []
        for row in one_round(markets, seed):
            click.echo(f"one round: {row.mechanism}", err=True)
            rows.append(row)
        horizon = over_rounds(trials, rounds, processes)
        blocks = {"matrix": matrix(rows, horizon), "factors": all_factors(horizon)}
        click.echo("\n\n".join(blocks.values()))
        if write is not None:
            write.write_text(with_blocks(write.read_text("utf-8"), blocks), "utf-8")
    except BadInput as error:
        click.echo(f"truthfulness: {error}", err=True)
        sys.exit(2)


def over_rounds(trials: int, rounds: int, processes: int) -> Horizon:
    """What every participant gains by every constant lie."""
    asked = list(studies(trials, rounds))
    found = {}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        for study, gained in zip(asked, pool.map(gains, asked), strict=True):
            click.echo(f"{rounds} rounds: {study.name}, {study.side}", err=True)
            found[study.name, study.side] = gained
    return found
