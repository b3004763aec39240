"""The command ``walras``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
from rich.console import Console

from market.errors import WalrasError

P = ParamSpec("P")
R = TypeVar("R")

BAD_INPUT = 2
INTERRUPTED = 130


def _one_line_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Errors of ours become one line on stderr and exit status 2."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except WalrasError as error:
            click.echo(f"walras: {error}", err=True)
            sys.exit(BAD_INPUT)

    return wrapped


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="walras")
def main() -> None:
    """A marketplace simulator for LLM providers: exact auctions, many rounds, a log."""
    _check_packages()


@main.command()
@click.argument("scenario", type=click.Path(path_type=Path))
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key of the scenario, such as demand.0.rate_per_s=20. Repeatable.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the log goes [default: runs/SCENARIO/TIME-sSEED].",
)
@click.option("--force", is_flag=True, help="Replace the run that is in the directory already.")
@click.option(
    "--ray",
    type=click.Choice(["off"]),
    default="off",
    show_default=True,
    help="Where providers and hubs live; off: all in this process.",
)
@click.option("--quiet", is_flag=True, help="Print only where the log is.")
@_one_line_errors
def run(
    scenario: Path,
    settings: tuple[str, ...],
    out: Path | None,
    force: bool,
    ray: str,
    quiet: bool,
) -> None:
    """Run the market that SCENARIO describes, and log everything."""
    from orchestrator.announce import announce_plan, announce_result
    from orchestrator.progress import RunProgress
    from orchestrator.run import plan, run_scenario
    from orchestrator.run_directory import default_directory, prepare_directory
    from orchestrator.scenario import load_scenario
    from orchestrator.stopwatch import Stopwatch

    described = load_scenario(scenario, settings)
    ahead = plan(described)
    directory = out or default_directory(scenario.stem, described.seed)
    prepare_directory(directory, force=force)
    console = Console(quiet=quiet)
    announce_plan(console, scenario, described, ahead, directory)
    rounds = described.rounds * described.trials * (1 + len(described.compare))
    clock = Stopwatch()
    try:
        with RunProgress(console, rounds) as progress:
            run_scenario(described, scenario.stem, directory, progress)
    except KeyboardInterrupt:
        click.echo(f"walras: interrupted; what was committed is in {directory}", err=True)
        sys.exit(INTERRUPTED)
    clock.lap("run_s")
    announce_result(console, directory, described, clock.seconds["run_s"])
    if quiet:
        click.echo(directory)


@main.command()
@click.argument("problem", type=click.Path(path_type=Path))
@_one_line_errors
def solve(problem: Path) -> None:
    """Clear the auction in PROBLEM, a .json file, or those in a .jsonl file, one a line."""
    from orchestrator.problem_file import solve_file

    for answer in solve_file(problem):
        click.echo(answer)


@main.command()
@click.argument("run_directory", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where the page goes [default: RUN/report.html].",
)
@_one_line_errors
def report(run_directory: Path, out: Path | None) -> None:  # fmt: skip
    """Make one HTML page about a RUN; it opens offline."""
    from orchestrator.report import write_report
    from orchestrator.run_directory import REPORT_FILE

    click.echo(write_report(run_directory, out or run_directory / REPORT_FILE))


def _check_packages() -> None:
    """Another distribution can install a top-level ``agents`` or ``market`` over ours."""
    import agents
    import hubs
    import market

    home = Path(__file__).resolve().parents[1]
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
