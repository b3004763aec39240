"""``walras run`` and ``walras resume``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click
from rich.console import Console

from market.errors import BadInput, WalrasError
from orchestrator.cli.errors import FAILED, INTERRUPTED, one_line_errors

if TYPE_CHECKING:
    from orchestrator.runs.run import RunMarket
    from orchestrator.scenario.model import Scenario

P = ParamSpec("P")
R = TypeVar("R")


def _where_it_runs(command: Callable[P, R]) -> Callable[P, R]:
    """The options of a command that runs a market: where, and how much it says."""
    options = [
        click.option(
            "--ray",
            default="local",
            show_default=True,
            metavar="local|auto|HOST:PORT|off",
            help="Where providers and hubs live: in a Ray started for this run, in the cluster "
            "that this machine is a node of, in the one with that head, or all in this process.",
        ),
        click.option(
            "--wait",
            "wait_s",
            type=click.FloatRange(0, 1e6),
            default=0.0,
            metavar="SECONDS",
            help="How long to wait for the cluster to grow to what the run asks for; automatic "
            "packing asks for what is there.",
        ),
        click.option("--quiet", is_flag=True, help="Print only where the log is."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
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
@_where_it_runs
@one_line_errors
def run(
    scenario: Path,
    settings: tuple[str, ...],
    out: Path | None,
    force: bool,
    ray: str,
    wait_s: float,
    quiet: bool,
) -> None:
    """Run the market that SCENARIO describes, and log everything."""
    from orchestrator.runs.directory import check_directory, default_directory, prepare_directory
    from orchestrator.scenario.model import load_scenario

    described = load_scenario(scenario, settings)
    directory = out or default_directory(scenario.stem, described.seed)
    check_directory(directory, force=force)
    prepare = partial(prepare_directory, directory, force=force)
    _play(described, scenario.stem, directory, ray, wait_s, quiet=quiet, prepare=prepare)


@click.command()
@click.argument("run_directory", metavar="RUN", type=click.Path(path_type=Path))
@_where_it_runs
@one_line_errors
def resume(run_directory: Path, ray: str, wait_s: float, quiet: bool) -> None:
    """Go on with a RUN that was stopped or killed, from the last round that its log has.

    It may go on elsewhere than it began: on Ray or in this process. What the log has is computed
    again since the last snapshot, and compared. Real engines begin cold.
    """
    from orchestrator.runs.directory import read_description
    from orchestrator.runs.run import where_it_stands

    description = read_description(run_directory)
    if description.status == "complete":
        click.echo(run_directory if quiet else f"{run_directory} is complete")
        return
    scenario = description.scenario
    if not quiet:
        click.echo(f"{run_directory}: {where_it_stands(scenario, run_directory)}")
    _play(scenario, description.name, run_directory, ray, wait_s, quiet=quiet, prepare=None)


def _play(
    described: Scenario,
    name: str,
    directory: Path,
    ray: str,
    wait_s: float,
    *,
    quiet: bool,
    prepare: Callable[[], None] | None,
) -> None:
    """Run a scenario, or what is left of it where there is nothing to ``prepare``."""
    from orchestrator.cli.announce import announce_plan, announce_result
    from orchestrator.cli.progress import RunProgress
    from orchestrator.runs.run import plan
    from orchestrator.stopwatch import Stopwatch

    ahead = plan(described)
    console = Console(quiet=quiet)
    announce_plan(console, Path(name), described, ahead, directory)
    rounds = described.rounds * described.trials * (1 + len(described.compare))
    clock = Stopwatch()
    with (
        _early_end_told(directory) as begin,
        RunProgress(console, rounds) as progress,
        _market(described, ray, wait_s) as market,
    ):
        if prepare is not None:
            prepare()
        begin()
        footprint = market(name, directory, progress.show, progress.tell)
    clock.lap("run_s")
    announce_result(console, directory, described, clock.seconds["run_s"], footprint)
    if quiet:
        click.echo(directory)


@contextmanager
def _market(described: Scenario, ray: str, wait_s: float) -> Iterator[RunMarket]:
    """The market of a scenario, open where ``ray`` says."""
    if ray == "off":
        from orchestrator.runs.run import in_this_process

        yield in_this_process(described)
        return
    from orchestrator.interrupts import interrupts_noted

    with interrupts_noted() as interrupts:
        from orchestrator.on_ray.driver import on_ray

        with on_ray(ray, described, wait_s, interrupts) as run_market:
            yield run_market


@contextmanager
def _early_end_told(directory: Path) -> Iterator[Callable[[], None]]:
    """Whatever ends a run early: its description says so, and a line on stderr how to go on.

    Yields what is to be called once there is a run.
    """
    from orchestrator.runs.directory import stopped
    from orchestrator.runs.run_file import RUN_FILE

    begun: list[bool] = []
    try:
        yield lambda: begun.append(True)
    except BaseException as reason:
        if not begun or isinstance(reason, BadInput):
            raise
        stopped(directory)
        if not isinstance(reason, KeyboardInterrupt | WalrasError):
            raise
        goes_on = (directory / RUN_FILE).is_file()  # it may have ended before there was one
        click.echo(
            f"walras: {str(reason) or 'interrupted'}"
            + (f"; `walras resume {directory}` goes on from the last commit" if goes_on else ""),
            err=True,
        )
        sys.exit(INTERRUPTED if isinstance(reason, KeyboardInterrupt) else FAILED)
