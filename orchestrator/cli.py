"""The command ``walras``."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click
from rich.console import Console

from market.errors import BadInput, WalrasError

if TYPE_CHECKING:
    from orchestrator.run import RunMarket
    from orchestrator.scenario import Scenario

P = ParamSpec("P")
R = TypeVar("R")

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130


def _one_line_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Errors of ours become one line on stderr and exit status 2, requests to end 130."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with _terminable():
                return command(*args, **kwargs)
        except WalrasError as error:
            click.echo(f"walras: {error}", err=True)
            sys.exit(BAD_INPUT)
        except KeyboardInterrupt:
            click.echo("walras: interrupted; nothing was written", err=True)
            sys.exit(INTERRUPTED)

    return wrapped


@contextmanager
def _terminable() -> Iterator[None]:
    """A request to terminate does what Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="walras")
def main() -> None:
    """A marketplace simulator for LLM providers: exact auctions, many rounds, a log."""
    _check_packages()


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
@_where_it_runs
@_one_line_errors
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
    from orchestrator.run_directory import check_directory, default_directory, prepare_directory
    from orchestrator.scenario import load_scenario

    described = load_scenario(scenario, settings)
    directory = out or default_directory(scenario.stem, described.seed)
    check_directory(directory, force=force)
    prepare = partial(prepare_directory, directory, force=force)
    _play(described, scenario.stem, directory, ray, wait_s, quiet=quiet, prepare=prepare)


@main.command()
@click.argument("run_directory", metavar="RUN", type=click.Path(path_type=Path))
@_where_it_runs
@_one_line_errors
def resume(run_directory: Path, ray: str, wait_s: float, quiet: bool) -> None:
    """Go on with a RUN that was stopped or killed, from the last round that its log has.

    It may go on elsewhere than it began: on Ray or in this process. What the log has is computed
    again since the last snapshot, and compared. Real engines begin cold.
    """
    from orchestrator.run import where_it_stands
    from orchestrator.run_directory import read_description

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
    from orchestrator.announce import announce_plan, announce_result
    from orchestrator.progress import RunProgress
    from orchestrator.run import plan
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
        from orchestrator.run import in_this_process

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
    from orchestrator.run_directory import stopped
    from orchestrator.run_file import RUN_FILE

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


@main.command()
@click.argument("problem", type=click.Path(path_type=Path))
@_one_line_errors
def solve(problem: Path) -> None:
    """Clear the auction in PROBLEM, a .json file, or those in a .jsonl file, one a line."""
    from orchestrator.problem_file import solve_file

    for answer in solve_file(problem):
        click.echo(answer)


@main.command()
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
@_one_line_errors
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

    In a PROBLEM the stated bids and values are the truth; of a RUN it is in the log. What of a
    RUN is not checked is said in the end.

    Exit status: 0 if no misreport gains and every check holds, 1 if one gains or a check is
    violated, 2 on bad input.
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


@main.command()
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
@_one_line_errors
def verify(run_directory: Path, payments: str, as_lines: bool, quiet: bool) -> None:
    """Check the log of a RUN: digests, all rows, every clearing held again by another solver.

    Exit status: 0 if everything holds, 1 if something does not, 2 on bad input.
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


@main.command()
@click.argument("measurements", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--name", help="Of the profile [default: that of FILE's folder].")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="PROFILE",
    help="Where the profile goes [default: NAME.json].",
)
@click.option("--force", is_flag=True, help="Replace the file that is there already.")
@click.option("--kv-blocks", type=click.IntRange(1), help="Of the KV cache.")
@click.option("--block-size", type=click.IntRange(1), help="Tokens in a block.")
@click.option("--max-num-seqs", type=click.IntRange(1), help="Requests that run together.")
@click.option("--max-num-batched-tokens", type=click.IntRange(1), help="Most tokens of a step.")
@click.option("--max-model-len", type=click.IntRange(1), help="Longest prompt plus answer.")
@click.option("--gpus", type=click.IntRange(0, 1000), default=1, show_default=True)
@click.option("--power-w", type=click.FloatRange(0, 1e9), help="Watts that they draw under load.")
@_one_line_errors
def calibrate(
    measurements: Path,
    name: str | None,
    out: Path | None,
    force: bool,
    gpus: int,
    power_w: float | None,
    **limits: int | None,
) -> None:
    """Fit an engine profile to the requests in FILE, JSON lines with their times and lengths.

    The engine's limits are those of the meta.json beside FILE, or of the options.
    """
    from orchestrator.calibration.command import calibrate_file

    for line in calibrate_file(
        measurements,
        limits=limits,
        name=name,
        out=out,
        force=force,
        gpus=gpus,
        power_w=power_w,
    ):
        click.echo(line)


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
