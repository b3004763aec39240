"""``walras solve``."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli.errors import one_line_errors

EPILOG = """
\b
Examples:
  walras solve examples/workflow.json
  walras solve --explain examples/workflow.json

Exit status: 0 if every problem is solved, 2 if one is malformed or nobody can do what it asks for.
"""


@click.command(epilog=EPILOG)
@click.argument("problem", type=click.Path(path_type=Path))
@click.option(
    "--explain",
    is_flag=True,
    help="Say in words why each winner won and what its payment is made of.",
)
@click.option("--json", "as_json", is_flag=True, help="With --explain: as JSON instead of words.")
@one_line_errors
def solve(problem: Path, explain: bool, as_json: bool) -> None:
    """Clear the auction in PROBLEM and print who won and what is paid, as JSON.

    PROBLEM is a .json file with one auction, of a workflow or of chat requests, or a .jsonl file
    with one a line, which are answered one a line.
    """
    from orchestrator.problem_file import explain_file, explain_file_as_json, solve_file

    if not explain or as_json:
        for answer in (explain_file_as_json if explain else solve_file)(problem):
            click.echo(answer)
        return
    for number, explanation in enumerate(explain_file(problem)):
        click.echo(f"\n{explanation}" if number else explanation)
