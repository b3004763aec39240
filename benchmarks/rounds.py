"""Rounds per second of a whole market, in one process and on Ray, its memory, where time goes."""

from __future__ import annotations

import cProfile
import pstats
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import psutil
import ray

from benchmarks.tiers import ENGINES, group
from market.process import collect_rarely
from market.release import running_release
from orchestrator.on_ray.driver import connect
from orchestrator.on_ray.packing import pack
from orchestrator.on_ray.runtime import RayRuntime
from orchestrator.runs.run import logged_rounds
from orchestrator.runtime import InProcess, Runtime
from orchestrator.scenario.model import Scenario

WARM_UP_ROUNDS = 20
PHASES = ("engines_s", "routing_s", "hubs_s", "log_s")
MIB = 2**20


@dataclass(frozen=True)
class Measured:
    """One trial's measured rounds, after the warm-up.

    ``seconds``, ``requests`` and ``busy_s``, the processor time of the process that drives, are by
    round; ``phases`` are seconds in all.
    """

    seconds: list[float]
    requests: list[int]
    busy_s: list[float]
    phases: dict[str, float]


@dataclass(frozen=True)
class Subject:
    """A way to run a market: how long it took to start, what it did, and its peak PSS in bytes."""

    name: str
    start_s: float
    measured: Measured
    peak_pss: float


def market_of(providers: int, requests: int, hubs: int, rounds: int) -> Scenario:
    """Providers of three tiers; dialogues that ask about ``requests`` turns a round once warm."""
    tiers = [("small", 1, 0.2, 0.6), ("medium", 2, 1.0, 0.3), ("large", 3, 5.0, 0.1)]
    return Scenario.model_validate(
        {
            "seed": 1,
            "rounds": rounds,
            "providers": [
                group(
                    name,
                    tier,
                    base,
                    round(providers * share),
                    domains=["code", "law", "medicine", "writing"],
                    chat_slots=8,
                    engine=ENGINES[name],
                )
                for name, tier, base, share in tiers
            ],
            "hubs": {"count": hubs},
            "demand": [
                {"kind": "dialogues", "rate_per_s": requests / 4, "burstiness": 0.0},
                {"kind": "workflows", "every_rounds": 10, "execution_token_scale": 0.002},
            ],
        }
    )


def drive(scenario: Scenario, rounds: int, runtime: Runtime) -> Measured:
    """Run the first ``rounds`` rounds of a market, log and all, as ``walras run`` does."""
    measured = Measured([], [], [], dict.fromkeys(PHASES, 0.0))
    with tempfile.TemporaryDirectory() as folder:
        started, used = time.perf_counter(), time.process_time()
        for record, log_s in logged_rounds(scenario, 0, Path(folder), runtime):
            now = time.perf_counter()
            if record.number > WARM_UP_ROUNDS:
                measured.seconds.append(now - started)
                measured.requests.append(len(record.arrived))
                measured.busy_s.append(time.process_time() - used)
                for phase, lap in {**record.seconds, "log_s": log_s}.items():
                    measured.phases[phase] += lap
            started, used = now, time.process_time()
            if record.number == rounds:
                break
    return measured


def in_process(scenario: Scenario, rounds: int) -> Subject:
    """Everyone in this process."""
    collect_rarely()
    with peak_pss() as peak:
        measured = drive(scenario, rounds, InProcess())
    return Subject("in-process", 0.0, measured, peak[0])


def on_ray(scenario: Scenario, rounds: int) -> Subject:
    """On a Ray of this machine: an orchestrator, hosts of providers and hosts of hubs."""
    started = time.perf_counter()
    with peak_pss() as peak:
        connect("local")
        try:
            orchestrator = ray.remote(num_cpus=0)(_Orchestrator).remote()
            actors = ray.get(orchestrator.open.remote(scenario))
            start_s = time.perf_counter() - started
            measured = ray.get(orchestrator.drive.remote(scenario, rounds))
        finally:
            ray.shutdown()
    return Subject(f"Ray, {actors} actors", start_s, measured, peak[0])


class _Orchestrator:
    """What drives the rounds on Ray, in a process of its own as in a run."""

    def open(self, scenario: Scenario) -> int:
        collect_rarely()
        free = ray.available_resources()
        packing = pack(scenario, free["CPU"], free["memory"])
        self._runtime = RayRuntime(packing, running_release())
        return 1 + len(packing.places)

    def drive(self, scenario: Scenario, rounds: int) -> Measured:
        return drive(scenario, rounds, self._runtime)


@contextmanager
def peak_pss(every_s: float = 0.5) -> Iterator[list[float]]:
    """Watches the proportional set size of this process and all below it; the list holds the peak.

    In bytes. Shared memory counts once.
    """
    peak = [0.0]
    stop = threading.Event()

    def look() -> None:
        peak[0] = max(peak[0], _pss_of_all())

    def watch() -> None:
        while not stop.wait(every_s):
            look()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        stop.set()
        watcher.join()
        look()


def _pss_of_all() -> float:
    total = 0.0
    this = psutil.Process()
    for process in (this, *this.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # it has ended between the two lines
            total += process.memory_full_info().pss
    return total


@click.command("rounds")
@click.option("--providers", default=200, show_default=True)
@click.option("--requests", default=200, show_default=True, help="Requests a round, about.")
@click.option("--hubs", default=8, show_default=True)
@click.option("--rounds", default=80, show_default=True, help="With the warm-up.")
@click.option("--profile/--no-profile", default=True, show_default=True)
def command(providers: int, requests: int, hubs: int, rounds: int, profile: bool) -> None:
    """Rounds and requests per second, peak PSS and start, in-process and on Ray; a profile."""
    if rounds <= WARM_UP_ROUNDS:
        raise click.BadParameter(f"expected more than {WARM_UP_ROUNDS}", param_hint="--rounds")
    scenario = market_of(providers, requests, hubs, rounds)
    subjects = [in_process(scenario, rounds), on_ray(scenario, rounds)]
    per_round = float(np.mean(subjects[0].measured.requests))
    click.echo(f"{providers} providers, {hubs} hubs, {per_round:.0f} requests a round")
    for label, figures in _table(subjects):
        click.echo(f"{label:14s}" + "".join(f"{figure:>16s}" for figure in figures))
    if profile:
        profiler = cProfile.Profile()
        profiler.runcall(drive, scenario, min(rounds, 2 * WARM_UP_ROUNDS), InProcess())
        click.echo("\nprofile of a run in-process, by own time:")
        pstats.Stats(profiler).strip_dirs().sort_stats("tottime").print_stats(15)


def _table(subjects: Sequence[Subject]) -> Iterator[tuple[str, list[str]]]:
    """Labels, and a figure for each subject."""
    runs = [subject.measured for subject in subjects]
    rates = [len(run.seconds) / sum(run.seconds) for run in runs]
    yield "", [subject.name for subject in subjects]
    yield "started in", [f"{subject.start_s:.1f} s" for subject in subjects]
    yield "rounds/s", [f"{rate:.1f}" for rate in rates]
    requests = [sum(run.requests) / sum(run.seconds) for run in runs]
    yield "requests/s", [f"{rate:.0f}" for rate in requests]
    yield "slowest round", [f"{max(run.seconds):.3f} s" for run in runs]
    busy = [sum(run.busy_s) / sum(run.seconds) for run in runs]
    yield "driver busy", [f"{share:.0%}" for share in busy]
    yield "peak PSS", [f"{subject.peak_pss / MIB:.0f} MiB" for subject in subjects]
    for phase in PHASES:
        shares = [run.phases[phase] / sum(run.phases.values()) for run in runs]
        yield f"  {phase.removesuffix('_s')}", [f"{share:.1%}" for share in shares]
