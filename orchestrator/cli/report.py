"""``walras report``."""

from __future__ import annotations

import time
from pathlib import Path

import click
from rich.console import Console

from orchestrator.cli.errors import one_line_errors


@click.command()
@click.argument(
    "run_directories",
    metavar="RUN [RUN ...]",
    type=click.Path(path_type=Path),
    nargs=-1,
    required=True,
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where the page goes [default: RUN/report.html; of several runs ./report.html].",
)
@click.option("--title", metavar="TEXT", help="The heading [default: the names of the scenarios].")
@click.option(
    "--checks/--no-checks",
    default=True,
    show_default=True,
    help="Whether logs are verified and their largest clearings audited; takes long for long runs.",
)
@one_line_errors
def report(
    run_directories: tuple[Path, ...], out: Path | None, title: str | None, checks: bool
) -> None:
    """Make one HTML page about a RUN, or about several side by side; it opens offline.

    One RUN stands beside the runs of its scenario's compare. Of several, each stands for itself,
    named by what differs, and the others are compared with the first one, pair by pair.
    """
    from orchestrator.report import write_report
    from orchestrator.runs.directory import REPORT_FILE

    folder = run_directories[0] if len(run_directories) == 1 else Path()
    console, began = Console(stderr=True), time.monotonic()
    with console.status("reading") as status:
        page = write_report(
            run_directories,
            out or folder / REPORT_FILE,
            title=title,
            checks=checks,
            told=status.update,
        )
    took_s, size_mb = time.monotonic() - began, page.stat().st_size / 1e6
    console.print(f"made in {took_s:.1f} s, {size_mb:.1f} MB", highlight=False)
    click.echo(page)
