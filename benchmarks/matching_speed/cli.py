"""The command: which markets are measured, and where the tables go."""

from __future__ import annotations

import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import click

from benchmarks.matching_speed import clearing, density, sets
from benchmarks.matching_speed.markets import Size
from benchmarks.page import check_blocks, with_blocks
from benchmarks.star_speed.report import aims_table
from market.errors import BadInput

BLOCKS = ("clearing", "aims", "sets", "backends")

_SHAPES = (
    (16, 9, 1.0),
    (200, 100, 1.0),
    (1_000, 300, 1.0),
    (5_000, 1_000, 1.0),
    (10_000, 1_000, 0.05),
)
_CONTESTS = ((16, 9), (40, 20), (100, 30), (200, 100), (1_000, 300), (5_000, 1_000))
_DENSITIES = (1.0, 0.6, 0.3, 0.1)


@click.command("matching")
@click.option("--most-requests", default=10_000, show_default=True, help="Of the markets measured.")
@click.option("--repetitions", default=51, show_default=True, help="At most.")
@click.option("--budget-s", default=5.0, show_default=True, help="For the repetitions of a cell.")
@click.option(
    "--write",
    type=click.Path(path_type=Path),
    metavar="PAGE",
    help="Write the tables into the generated blocks of this page.",
)
def command(most_requests: int, repetitions: int, budget_s: float, write: Path | None) -> None:
    """Clearing chat markets: all payments beside one solve and N + 1 solves; both backends."""
    for name, value, least in (
        ("--most-requests", most_requests, 16),
        ("--repetitions", repetitions, 1),
    ):
        if value < least:
            raise click.BadParameter(f"expected at least {least}", param_hint=name)
    started = time.perf_counter()
    try:
        if write is not None:
            check_blocks(write, BLOCKS)
        blocks = _measured(most_requests, repetitions, budget_s)
        click.echo("\n\n".join(blocks.values()))
        if write is not None:
            write.write_text(with_blocks(write.read_text("utf-8"), blocks), "utf-8")
    except BadInput as error:
        click.echo(f"matching: {error}", err=True)
        sys.exit(2)
    _progress(f"all in {time.perf_counter() - started:.0f} s")


def _measured(most_requests: int, repetitions: int, budget_s: float) -> dict[str, str]:
    """Every block of the page by name."""
    sizes = [
        Size(requests, providers, share, slots)
        for requests, providers, share in _SHAPES
        if requests <= most_requests
        for slots in clearing.SLOTS_PER_REQUEST
    ]
    cleared, aims = clearing.compare(sizes, repetitions, budget_s, _progress)
    together = sets.compare(sizes, repetitions, budget_s, _progress)
    shapes = [shape for shape in _CONTESTS if shape[0] <= most_requests]
    contests = density.compare(shapes, _DENSITIES, repetitions, budget_s / 5, _progress)
    versions = ", ".join(
        f"{package} {version(package)}" for package in ("numpy", "scipy", "numba", "pylmcf")
    )
    machine = f"Python {platform.python_version()}, {versions}; {os.cpu_count()} cores."
    return {
        "clearing": f"{machine}\n\n{cleared}",
        "aims": aims_table(aims),
        "sets": together,
        "backends": contests,
    }


def _progress(what: str) -> None:
    click.echo(what, err=True)
