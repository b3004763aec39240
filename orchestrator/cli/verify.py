"""``walras verify``."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from orchestrator.cli.errors import FAILED, one_line_errors

EPILOG = """
\b
Examples:
  walras verify runs/quickstart/20260101T120000Z-s7
  walras verify runs/quickstart/20260101T120000Z-s7 --payments all --json

Exit status: 0 if everything holds, 1 if something does not, 2 on bad input.
"""


@click.command(epilog=EPILOG)
@click.argument("run_directory", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--payments",
    type=click.Choice(["all", "sampled", "none"]),
    default="sampled",
    show_default=True,
    help="Which payments are also checked by solving again without whoever is paid or pays.",
)
@click.option("--json", "as_lines", is_flag=True, help="Print one JSON object a run.")
@click.option("--quiet", is_flag=True, help="Print only the first bad row and the verdict.")
@one_line_errors
def verify(run_directory: Path, payments: str, as_lines: bool, quiet: bool) -> None:
    """Check the log of a RUN: digests, all rows, every clearing held again by another solver.

    RUN is the directory of the log.
    """
    from orchestrator.verify.command import VerifyProgress, as_json, described, verified

    holds = True
    with VerifyProgress(Console(stderr=True, quiet=quiet), run_directory) as progress:
        for verdict in verified(run_directory, payments, progress):
            for line in [as_json(verdict)] if as_lines else described(verdict, quiet=quiet):
                click.echo(line)
            holds = holds and not verdict.count
    if not holds:
        sys.exit(FAILED)
