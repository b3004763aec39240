"""``walras solve``."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli.errors import one_line_errors


@click.command()
@click.argument("problem", type=click.Path(path_type=Path))
@one_line_errors
def solve(problem: Path) -> None:
    """Clear the auction in PROBLEM, a .json file, or those in a .jsonl file, one a line."""
    from orchestrator.problem_file import solve_file

    for answer in solve_file(problem):
        click.echo(answer)
