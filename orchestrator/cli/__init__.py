"""The command ``walras``: a module each subcommand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from orchestrator.cli.audit import audit
from orchestrator.cli.calibrate import calibrate
from orchestrator.cli.completion import completion
from orchestrator.cli.errors import BAD_INPUT
from orchestrator.cli.init import init
from orchestrator.cli.report import report
from orchestrator.cli.run import resume, run
from orchestrator.cli.sections import SectionedGroup
from orchestrator.cli.solve import solve
from orchestrator.cli.sweep import sweep
from orchestrator.cli.verify import verify

EPILOG = """
\b
To begin with:
  walras init
  walras run scenario.yaml --ray off
  walras COMMAND --help

Exit status: 0 on success, 1 if something does not hold or was lost, 2 on bad input, 130 if it was
interrupted.
"""


@click.group(
    cls=SectionedGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="walras")
def main() -> None:
    """A marketplace simulator for LLM providers: exact auctions, many rounds, a log.

    A scenario describes a market in YAML. Running it makes a directory with its log, which the
    other commands read.
    """
    _check_packages()


for _command in (init, run, resume, sweep, report, verify, audit, solve, calibrate, completion):
    main.add_command(_command)


def _check_packages() -> None:
    """Another distribution can install a top-level ``agents`` or ``market`` over ours."""
    import agents
    import hubs
    import market

    home = Path(__file__).resolve().parents[2]
    for package in (agents, hubs, market):
        if not _lives_in(package, home):
            found = package.__file__ or "a namespace package"
            click.echo(
                f"walras: the package {package.__name__!r} at {found} hides ours; "
                "uninstall what brought it (openai-agents has an 'agents'), or use an environment "
                "of its own",
                err=True,
            )
            sys.exit(BAD_INPUT)


def _lives_in(package: Any, home: Path) -> bool:
    return package.__file__ is not None and Path(package.__file__).resolve().parents[1] == home
