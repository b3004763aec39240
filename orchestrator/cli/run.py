"""``walras run`` and ``walras resume``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, TypeVar

import click

from market.errors import BadInput, WalrasError
from orchestrator.cli.errors import FAILED, INTERRUPTED, one_line_errors

if TYPE_CHECKING:
    from orchestrator.cli.announce import Words
    from orchestrator.cli.json_lines import JsonLines
    from orchestrator.runs.run import RunMarket
    from orchestrator.scenario.model import Scenario

P = ParamSpec("P")
R = TypeVar("R")

_STATUSES = """
Exit status: 0 if it ran to its end, 1 if it was lost on the way, 2 on bad input, 130 if it was
interrupted. `walras resume` goes on with a run that did not come to its end.
"""

RUN_EPILOG = f"""
\b
Examples:
  walras run examples/quickstart.yaml --ray off
  walras run market.yaml --set hubs.mechanism=sticky --set rounds=200 --out runs/sticky
  walras run market.yaml --ray auto --json > events.jsonl
{_STATUSES}"""

RESUME_EPILOG = f"""
\b
Example:
  walras resume runs/quickstart/20260101T120000Z-s7 --ray off
{_STATUSES}"""


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
            type=click.FloatRange(0, 1_000_000),
            default=0.0,
            metavar="SECONDS",
            help="How long to wait for the cluster to grow to what the run asks for; automatic "
            "packing asks for what is there.",
        ),
        click.option("--quiet", is_flag=True, help="Print only where the log is."),
        click.option(
            "--json",
            "as_json",
            is_flag=True,
            help="Print events, one JSON object a line: plan, progress, result, error. The "
            "documentation of the command line lists their fields.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command(epilog=RUN_EPILOG)
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
    as_json: bool,
) -> None:
    """Run the market that SCENARIO describes, and log everything.

    SCENARIO is a YAML file; `walras init` writes one to begin with. While it runs a bar shows how
    far it is, or without a terminal a line every ten seconds. In the end come a summary and the
    commands to go on with.
    """
    from orchestrator.runs.directory import check_directory, default_directory, prepare_directory
    from orchestrator.scenario.model import load_scenario

    teller = _teller(quiet=quiet, as_json=as_json)
    with teller.errors():
        described = load_scenario(scenario, settings)
        directory = out or default_directory(scenario.stem, described.seed)
        check_directory(directory, force=force)
        prepare = partial(prepare_directory, directory, force=force)
        _play(described, scenario.stem, directory, _Place(ray, wait_s), teller, prepare)


@click.command(epilog=RESUME_EPILOG)
@click.argument("run_directory", metavar="RUN", type=click.Path(path_type=Path))
@_where_it_runs
@one_line_errors
def resume(run_directory: Path, ray: str, wait_s: float, quiet: bool, as_json: bool) -> None:
    """Go on with a RUN that was stopped or killed.

    RUN is the directory of its log. It goes on from the last round that the log has, and may go
    on elsewhere than it began: on Ray or in this process. What the log has is computed again since
    the last snapshot, and compared. Real engines begin cold.
    """
    from orchestrator.runs.directory import read_description
    from orchestrator.runs.run import where_it_stands

    teller = _teller(quiet=quiet, as_json=as_json)
    with teller.errors():
        description = read_description(run_directory)
        scenario = description.scenario
        if description.status == "complete":
            teller.complete(run_directory, scenario)
            return
        stands = where_it_stands(scenario, run_directory)
        place = _Place(ray, wait_s)
        _play(scenario, description.name, run_directory, place, teller, None, stands)


class _Place(NamedTuple):
    """Where a market runs, and how long it waits for room there."""

    ray: str
    wait_s: float


def _teller(*, quiet: bool, as_json: bool) -> Words | JsonLines:
    """Who tells of a run: in words, or in events."""
    if as_json and quiet:
        raise BadInput("--quiet", "expected it or --json, got both")
    if as_json:
        from orchestrator.cli.json_lines import JsonLines

        return JsonLines()
    from orchestrator.cli.announce import Words

    return Words(quiet=quiet)


def _play(
    described: Scenario,
    name: str,
    directory: Path,
    place: _Place,
    teller: Words | JsonLines,
    prepare: Callable[[], None] | None,
    stands: str | None = None,
) -> None:
    """Run a scenario, or what is left of it where there is nothing to ``prepare``."""
    from orchestrator.runs.run import plan
    from orchestrator.stopwatch import Stopwatch

    if place.ray != "off":
        from orchestrator.on_ray.driver import check_address

        check_address(place.ray)  # before anything is said or done
    teller.plan(name, described, plan(described), directory, stands)
    rounds = described.rounds * described.trials * (1 + len(described.compare))
    clock = Stopwatch()
    with (
        _early_end_told(directory, teller) as begin,
        teller.progress(rounds) as progress,
        _market(described, place) as market,
    ):
        if prepare is not None:
            prepare()
        begin()
        footprint = market(name, directory, progress.show, progress.tell)
    clock.lap("run_s")
    teller.result(directory, described, clock.seconds["run_s"], footprint)


@contextmanager
def _market(described: Scenario, place: _Place) -> Iterator[RunMarket]:
    """The market of a scenario, open where it shall run."""
    if place.ray == "off":
        from orchestrator.runs.run import in_this_process

        yield in_this_process(described)
        return
    from orchestrator.interrupts import interrupts_noted

    with interrupts_noted() as interrupts:
        from orchestrator.on_ray.driver import on_ray

        with on_ray(place.ray, described, place.wait_s, interrupts) as run_market:
            yield run_market


@contextmanager
def _early_end_told(directory: Path, teller: Words | JsonLines) -> Iterator[Callable[[], None]]:
    """Whatever ends a run early: its description says so, and a line on stderr how to go on.

    Yields what is to be called once there is a run.
    """
    from orchestrator.runs.directory import stopped
    from orchestrator.runs.run_file import RUN_FILE

    begun: list[bool] = []
    try:
        yield lambda: begun.append(True)
    except BaseException as reason:
        if not begun:
            raise
        stopped(directory)
        if isinstance(reason, BadInput) or not isinstance(reason, KeyboardInterrupt | WalrasError):
            raise
        goes_on = (directory / RUN_FILE).is_file()  # it may have ended before there was one
        message = str(reason) or "interrupted"
        if goes_on:
            message = f"{message}; `walras resume {directory}` goes on from the last commit"
        status = INTERRUPTED if isinstance(reason, KeyboardInterrupt) else FAILED
        click.echo(f"walras: {message}", err=True)
        teller.failed(message, status)
        sys.exit(status)
