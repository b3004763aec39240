"""``walras report``."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli.errors import one_line_errors


@click.command()
@click.argument("run_directory", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where the page goes [default: RUN/report.html].",
)
@one_line_errors
def report(run_directory: Path, out: Path | None) -> None:  # fmt: skip
    """Make one HTML page about a RUN; it opens offline."""
    from orchestrator.report import write_report
    from orchestrator.runs.directory import REPORT_FILE

    click.echo(write_report(run_directory, out or run_directory / REPORT_FILE))
