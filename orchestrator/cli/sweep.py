"""``walras sweep``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from market.errors import BadInput, WalrasError
from orchestrator.cli.errors import FAILED, INTERRUPTED, one_line_errors

if TYPE_CHECKING:
    from orchestrator.sweep.progress import SweepProgress
    from orchestrator.sweep.run import Results, RunTrials
    from orchestrator.sweep.sweep import Sweep
    from orchestrator.sweep.trial import Outcome


@dataclass(frozen=True)
class _Where:
    """Where trials run: a Ray or ``off``, how long to wait for it, how many at a time."""

    ray: str
    wait_s: float
    jobs: int | None


@click.command()
@click.argument("sweep_path", metavar="SWEEP", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where runs and tables go [default: sweeps/SWEEP].",
)
@click.option("--force", is_flag=True, help="Begin anew, and replace the sweep that is there.")
@click.option(
    "--ray",
    default="local",
    show_default=True,
    metavar="local|auto|HOST:PORT|off",
    help="Where trials run: in a Ray started for this sweep, in the cluster that this machine is "
    "a node of, in the one with that head, or one after the other in this process.",
)
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0, 1e6),
    default=0.0,
    metavar="SECONDS",
    help="How long to wait for a cluster that has no CPU yet.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="At most so many trials at a time [default: one for every CPU of the cluster].",
)
@click.option("--quiet", is_flag=True, help="Print only where the results are.")
@click.option("--json", "as_json", is_flag=True, help="Print every trial as JSON as it ends.")
@click.option("--dry-run", is_flag=True, help="Check everything, list the arms, run nothing.")
@one_line_errors
def sweep(
    sweep_path: Path,
    out: Path | None,
    force: bool,
    ray: str,
    wait_s: float,
    jobs: int | None,
    quiet: bool,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Run the arms of SWEEP, a YAML file, under the same seeds, and compare them.

    Every trial is a run of its own below DIR. The same command again, or SWEEP the directory
    itself, goes on: complete trials are kept, half-done ones go on, failed ones begin anew.

    Exit status: 0 if every trial is complete, 1 if one failed, 2 on bad input.
    """
    from orchestrator.stopwatch import Stopwatch
    from orchestrator.sweep.announce import announce_results, arm_lines, plan_lines
    from orchestrator.sweep.directory import check_sweep_directory
    from orchestrator.sweep.progress import SweepProgress
    from orchestrator.sweep.sweep import check_side_by_side, plan_sweep

    described, directory = _described(sweep_path, out, force=force)
    if ray != "off":
        check_side_by_side(described.arms)
    elif jobs is not None and jobs > 1:
        raise BadInput("--jobs", f"expected 1 with --ray off, got {jobs}")
    check_sweep_directory(described, directory, force=force)
    ahead = plan_sweep(described)
    console = Console(quiet=quiet or as_json)
    for line in (*plan_lines(described, ahead, directory), *arm_lines(described)):
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    if dry_run:
        return
    clock = Stopwatch()
    with SweepProgress(Console(stderr=True, quiet=quiet)) as progress:
        watch = _JsonLines(progress) if as_json else progress
        results = _run(described, directory, _Where(ray, wait_s, jobs), watch, force=force)
    clock.lap("sweep_s")
    announce_results(console, described, directory, results, clock.seconds["sweep_s"])
    if len(results.releases) > 1:
        ran = " and ".join(results.releases)
        click.echo(f"walras: trials ran on different releases: {ran}", err=True)
    if quiet:
        click.echo(directory)
    if results.failed:
        sys.exit(FAILED)


def _described(path: Path, out: Path | None, *, force: bool) -> tuple[Sweep, Path]:
    """The sweep, and its directory: that of a file, or the one that was begun in a directory."""
    from orchestrator.sweep.directory import read_sweep
    from orchestrator.sweep.sweep import load_sweep

    if not path.is_dir():
        return load_sweep(path), out or Path("sweeps") / path.stem
    if out is not None or force:
        option = "--force" if force else "--out"
        raise BadInput(option, f"expected a sweep's file with it, got the directory {path}")
    return read_sweep(path), path


def _run(
    described: Sweep,
    directory: Path,
    where: _Where,
    watch: SweepProgress | _JsonLines,
    *,
    force: bool,
) -> Results:
    """Run it; whatever ends it early is told in a line, with how to go on."""
    from orchestrator.sweep.directory import sweep_held
    from orchestrator.sweep.run import run_sweep
    from orchestrator.sweep.trial import all_trials, stop_trial

    begun = False
    with ExitStack() as held:
        try:
            with _runner(where) as run_trials:
                held.enter_context(sweep_held(described, directory, force=force))
                begun = True
                return run_sweep(described, directory, run_trials, watch)
        except (KeyboardInterrupt, WalrasError) as reason:
            if isinstance(reason, BadInput) or not begun:
                raise
            for trial in all_trials(described, directory):
                stop_trial(trial)
            said = str(reason) or "interrupted"
            click.echo(f"walras: {said}; `walras sweep {directory}` goes on", err=True)
            sys.exit(INTERRUPTED if isinstance(reason, KeyboardInterrupt) else FAILED)


@contextmanager
def _runner(where: _Where) -> Iterator[RunTrials]:
    """What runs the trials, open where ``where`` says."""
    if where.ray == "off":
        from orchestrator.sweep.run import one_after_another

        yield one_after_another
        return
    from orchestrator.interrupts import interrupts_noted

    with interrupts_noted() as interrupts:
        from orchestrator.on_ray.sweep import trials_on_ray

        with trials_on_ray(where.ray, where.wait_s, where.jobs, interrupts) as run_trials:
            yield run_trials


class _JsonLines:
    """A watch that also prints every outcome as a line of JSON."""

    def __init__(self, progress: SweepProgress):
        self._progress = progress
        self.begin = progress.begin
        self.tick = progress.tick

    def finished(self, outcome: Outcome) -> None:
        click.echo(outcome.model_dump_json())
        self._progress.finished(outcome)
