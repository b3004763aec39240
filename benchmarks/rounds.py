"""Rounds per second of a whole market in one process, its memory, and where the time goes."""

from __future__ import annotations

import cProfile
import pstats
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import psutil

from orchestrator.run import logged_rounds
from orchestrator.scenario import Scenario

WARM_UP_ROUNDS = 20
PHASES = ("engines_s", "routing_s", "chat_s", "workflows_s", "log_s")
MIB = 2**20


@dataclass(frozen=True)
class Measured:
    """One trial's measured rounds, after the warm-up."""

    seconds: np.ndarray
    requests: np.ndarray
    phases: dict[str, float]


def market_of(providers: int, requests: int, hubs: int, rounds: int) -> Scenario:
    """Providers of three tiers; dialogues that ask about ``requests`` turns a round once warm."""
    tiers = [("small", 1, 0.2, 0.6), ("medium", 2, 1.0, 0.3), ("large", 3, 5.0, 0.1)]
    return Scenario.model_validate(
        {
            "seed": 1,
            "rounds": rounds,
            "providers": [
                {
                    "name": name,
                    "tier": tier,
                    "count": round(providers * share),
                    "domains": ["code", "law", "medicine", "writing"],
                    "chat_slots": 8,
                    "engine": {"profile": name},
                    "cost": {"base": {"uniform": [base / 2, base * 3 / 2]}},
                }
                for name, tier, base, share in tiers
            ],
            "hubs": {"count": hubs},
            "demand": [
                {"kind": "dialogues", "rate_per_s": requests / 4, "burstiness": 0.0},
                {"kind": "workflows", "every_rounds": 10, "execution_token_scale": 0.002},
            ],
        }
    )


def drive(scenario: Scenario, rounds: int) -> Measured:
    """Run the first ``rounds`` rounds of a market, log and all, as ``walras run`` does."""
    seconds, requests = [], []
    phases = dict.fromkeys(PHASES, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        for record, log_s in logged_rounds(scenario, 0, Path(folder)):
            now = time.perf_counter()
            if record.number > WARM_UP_ROUNDS:
                seconds.append(now - started)
                requests.append(len(record.arrived))
                for phase, lap in {**record.seconds, "log_s": log_s}.items():
                    phases[phase] += lap
            started = now
            if record.number == rounds:
                break
    return Measured(np.array(seconds), np.array(requests), phases)


@contextmanager
def peak_pss(every_s: float = 0.2) -> Iterator[list[float]]:
    """Watches this process's proportional set size; the list holds the peak in bytes."""
    process = psutil.Process()
    peak = [0.0]
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(every_s):
            peak[0] = max(peak[0], process.memory_full_info().pss)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        stop.set()
        watcher.join()
        peak[0] = max(peak[0], process.memory_full_info().pss)


@click.command("rounds")
@click.option("--providers", default=200, show_default=True)
@click.option("--requests", default=200, show_default=True, help="Requests a round, about.")
@click.option("--hubs", default=8, show_default=True)
@click.option("--rounds", default=80, show_default=True, help="With the warm-up.")
@click.option("--profile/--no-profile", default=True, show_default=True)
def command(providers: int, requests: int, hubs: int, rounds: int, profile: bool) -> None:
    """Rounds per second, requests per second, peak PSS, and a profile, after a warm-up."""
    if rounds <= WARM_UP_ROUNDS:
        raise click.BadParameter(f"expected more than {WARM_UP_ROUNDS}", param_hint="--rounds")
    scenario = market_of(providers, requests, hubs, rounds)
    with peak_pss() as peak:
        measured = drive(scenario, rounds)
    per_round = float(measured.requests.mean())
    rate = len(measured.seconds) / float(measured.seconds.sum())
    click.echo(f"{providers} providers, {hubs} hubs, {per_round:.0f} requests a round, in-process")
    click.echo(f"rounds/s        {rate:8.1f}")
    click.echo(f"requests/s      {rate * per_round:8.0f}")
    click.echo(f"slowest round   {measured.seconds.max():8.3f} s")
    click.echo(f"peak PSS        {peak[0] / MIB:8.0f} MiB")
    total = sum(measured.phases.values())
    for phase, spent in sorted(measured.phases.items(), key=lambda item: -item[1]):
        click.echo(f"  {phase.removesuffix('_s'):13s} {spent / total:8.1%}")
    if profile:
        profiler = cProfile.Profile()
        profiler.runcall(drive, scenario, min(rounds, 2 * WARM_UP_ROUNDS))
        click.echo("\nprofile, by own time:")
        pstats.Stats(profiler).strip_dirs().sort_stats("tottime").print_stats(15)
