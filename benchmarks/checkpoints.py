"""What it costs to be able to go on with a run, and how fast that is."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import click

from benchmarks.markdown import table
from market.process import collect_rarely
from orchestrator.resume import LoggedTrial
from orchestrator.runs.directory import STATE, write_description
from orchestrator.runtime import InProcess
from orchestrator.scenario.model import Scenario, load_scenario

QUICKSTART = Path(__file__).resolve().parents[1] / "examples" / "quickstart.yaml"
PARTS = ("journal_s", "snapshot_s", "commit_s")
MIB = 2**20

#: One commit at the end, and no snapshot.
WITHOUT = {"checkpoint_rounds": 10_000_000, "snapshot_share": 0.0}


@dataclass(frozen=True)
class Played:
    """A trial that was run to its end.

    ``seconds`` are on the wall, with the ``parts`` of its checkpoints; ``busy_s`` is processor
    time in all, ``snapshot_bytes`` the size of its largest snapshot.
    """

    rounds: int
    seconds: float
    busy_s: float
    parts: dict[str, float]
    snapshot_bytes: int

    @property
    def checkpoints_s(self) -> float:
        """All that its checkpoints took."""
        return sum(self.parts.values())

    @property
    def other_s(self) -> float:
        """All the rest."""
        return self.seconds - self.checkpoints_s


@dataclass(frozen=True)
class GoneOn:
    """A trial that was stopped after ``rounds`` in ``played_s``, and gone on with.

    ``load_s`` is until its state was there again, ``again_s`` computing ``again`` rounds.
    """

    rounds: int
    played_s: float
    load_s: float
    again: int
    again_s: float


@dataclass(frozen=True)
class Size:
    """A market to measure."""

    name: str
    scenario: Scenario


def sizes(rounds: int, long: int) -> list[Size]:
    """The quickstart market as it is, four times as large, and over many rounds."""
    one = load_scenario(QUICKSTART, ("compare=[]", f"rounds={rounds}"))
    groups = [
        group.model_copy(update={"count": 4 * group.count, "name": group.name})
        for group in one.providers
    ]
    dialogues, workflows = one.demand
    faster = dialogues.model_copy(update={"rate_scale": 4.0})
    large = {"providers": tuple(groups), "demand": (faster, workflows)}
    return [
        Size("as it is", one),
        Size("4 times the providers and requests", one.model_copy(update=large)),
        Size("many rounds", one.model_copy(update={"rounds": long})),
    ]


def play(scenario: Scenario) -> Played:
    """Run one trial to its end."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        write_description(run, "checkpoints", scenario, "running")
        trial = LoggedTrial(scenario, 0, run, InProcess())
        largest = 0
        begun, used = time.perf_counter(), time.process_time()
        for one in trial.rounds():
            largest = max([largest, *(path.stat().st_size for path in _snapshots(run))])
            rounds = one.record.number
        seconds, busy_s = time.perf_counter() - begun, time.process_time() - used
    return Played(rounds, seconds, busy_s, dict(trial.seconds), largest)


def stop_and_go_on(scenario: Scenario, stop: int) -> GoneOn:
    """Stop a trial in the middle of a round after ``stop``, and go on with it."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        write_description(run, "checkpoints", scenario, "running")
        begun = time.perf_counter()
        rounds = LoggedTrial(scenario, 0, run, InProcess()).rounds()
        for _ in islice(rounds, stop):
            pass
        played_s = time.perf_counter() - begun
        rounds.close()
        begun = time.perf_counter()
        trial = LoggedTrial(scenario, 0, run, InProcess())
        again, first_s, last_s = 0, 0.0, 0.0
        for one in trial.rounds():
            took_s = time.perf_counter() - begun
            if not one.again:
                break
            again += 1
            last_s = took_s
            first_s = first_s or took_s
        per_round_s = (last_s - first_s) / max(1, again - 1)
        load_s = (first_s if again else took_s) - per_round_s
        return GoneOn(trial.reached or 0, played_s, load_s, again, again * per_round_s)


def _snapshots(run: Path) -> list[Path]:
    return list((run / STATE).glob("snapshot-*"))


def overhead(size: Size, repeats: int) -> list[str]:
    """A row of the table: medians over interleaved repeats, with checkpoints and without."""
    without = size.scenario.model_copy(update={"log": size.scenario.log.model_copy(update=WITHOUT)})
    pairs = [(play(size.scenario), play(without)) for _ in range(repeats)]
    kept = [one for one, _ in pairs]
    shares = [median(one.parts[part] / one.seconds for one in kept) for part in PARTS]
    extra = [(one.checkpoints_s - other.checkpoints_s) / one.other_s for one, other in pairs]
    ratios = [one.busy_s / other.busy_s - 1 for one, other in pairs]
    return [
        size.name,
        f"{kept[0].rounds}",
        f"{1e3 * median(one.seconds / one.rounds for one in kept):.0f}",
        *(f"{share:.2%}" for share in shares),
        f"{median(extra):+.1%}",
        f"{median(ratios):+.1%} ({min(ratios):+.1%} to {max(ratios):+.1%})",
        f"{max(one.snapshot_bytes for one in kept) / MIB:.1f}",
    ]


def resumed(size: Size, repeats: int) -> list[str]:
    """A row of the table: going on after three quarters of the rounds."""
    stop = 3 * size.scenario.rounds // 4
    all_ = [stop_and_go_on(size.scenario, stop) for _ in range(repeats)]
    return [
        size.name,
        f"{all_[0].rounds}",
        f"{median(one.played_s for one in all_):.1f}",
        f"{median(one.load_s for one in all_):.1f}",
        f"{median(one.again for one in all_):.0f}",
        f"{median(one.again_s for one in all_):.1f}",
        f"{median((one.load_s + one.again_s) / one.played_s for one in all_):.0%}",
    ]


@click.command("checkpoints")
@click.option("--rounds", default=60, show_default=True, help="Of the first two markets.")
@click.option("--long", "long_", default=400, show_default=True, help="Rounds of the third.")
@click.option("--repeats", default=3, show_default=True)
def command(rounds: int, long_: int, repeats: int) -> None:
    """What checkpoints cost in examples/quickstart.yaml, and how long it takes to resume."""
    collect_rarely()
    costs: list[Sequence[Any]] = []
    times: list[Sequence[Any]] = []
    for size in sizes(rounds, long_):
        costs.append(overhead(size, repeats))
        times.append(resumed(size, 1))
    click.echo("what checkpoints take of the time, and a run with them against one without:\n")
    first = ("market", "rounds", "ms a round", "journal", "snapshots", "commits", "extra work")
    click.echo(table((*first, "processor time", "largest snapshot, MiB"), costs))
    click.echo("\nstopped after three quarters of the rounds, and gone on with:\n")
    second = ("market", "rounds logged", "played in s", "loaded in s", "rounds computed again")
    click.echo(table((*second, "in s", "of the time played"), times))
