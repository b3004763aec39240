"""``walras audit``."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from orchestrator.cli.errors import FAILED, one_line_errors

EPILOG = """
\b
Examples:
  walras audit examples/workflow.json
  walras audit examples/instances/lie-pay-as-bid/problem.json --counterexample lie.json
  walras audit runs/quickstart/20260101T120000Z-s7 --limit 3

Exit status: 0 if no misreport gains and every check holds, 1 if one gains or a check is violated,
2 on bad input.
"""


@click.command(epilog=EPILOG)
@click.argument("path", metavar="PROBLEM|RUN", type=click.Path(path_type=Path))
@click.option(
    "--side",
    type=click.Choice(["providers", "clients", "both"]),
    help="Whose lies to look for [default: both sides of a matching, the providers of a workflow, "
    "whose client reports no amounts but lengths].",
)
@click.option(
    "--owners",
    metavar="NAME,NAME,...",
    help="Of a matching: to whom each request really belongs, whoever is charged for it.",
)
@click.option(
    "--cost-basis",
    type=click.Choice(["run", "cold"]),
    help="Of a workflow: a provider's cost is of what it runs, or of the cold work of its nodes "
    "[default: what the mechanism pays for].",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    help="Of a RUN: the N largest clearings of each kind, by awards and by payment [default: all].",
)
@click.option(
    "--counterexample",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the worst misreport as a problem that walras solve reproduces.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the reports as JSON, one a line.")
@one_line_errors
def audit(
    path: Path,
    side: str | None,
    owners: str | None,
    cost_basis: str | None,
    limit: int | None,
    counterexample: Path | None,
    as_json: bool,
) -> None:
    """Look for whoever gains by a lie, in a PROBLEM file or in all clearings of a RUN.

    PROBLEM is a .json or .jsonl file as for `walras solve`, whose bids and values are taken for
    the truth. RUN is the directory of a log, which has the truth. What of a RUN is not checked is
    said in the end.
    """
    from orchestrator.audit import NotChecked, audit_path, described, write_counterexample
    from orchestrator.audit.progress import AuditProgress

    worst, violated = None, False
    with AuditProgress(Console(stderr=True)) as progress:
        for one in audit_path(
            path,
            sides=_SIDES.get(side or ""),
            owners=None if owners is None else owners.split(","),
            cost_basis=cost_basis,
            limit=limit,
            progress=progress.show,
        ):
            with progress.aside():
                click.echo(one.as_json() if as_json else "\n".join(described(one)))
            if not isinstance(one, NotChecked):
                worst = one.worse(worst)
                violated |= one.report.violated
    if counterexample is not None:
        click.echo(write_counterexample(worst, counterexample), err=as_json)
    if violated:
        sys.exit(FAILED)


#: What ``walras audit --side`` stands for.
_SIDES = {"providers": ("provider",), "clients": ("client",), "both": ("provider", "client")}
