"""Sweeps on Ray: the same tables as in one process, whatever befalls the trials' processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli import main
from orchestrator.interrupts import Interrupts
from orchestrator.log import read_checkpoint
from orchestrator.on_ray.sweep import _Task, _Tasks, trials_on_ray
from orchestrator.runs.directory import read_description
from orchestrator.runs.lock import LOCK
from orchestrator.sweep.directory import read_sweep
from orchestrator.sweep.trial import all_trials, read_outcome
from tests.orchestrator.sweep.sweeps import timeless_trials, walras_sweep, write_sweep

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-c", "from orchestrator.cli.sweep import sweep; sweep()"]

#: Long enough to be caught at it.
ROUNDS = 40
PATIENCE_S = 90.0


def has_come_to(run: Path, round_: int) -> bool:
    """Whether its log has."""
    checkpoint = read_checkpoint(run) if run.is_dir() else None
    return checkpoint is not None and checkpoint.round >= round_


def writer_of(run: Path) -> int:
    """The process that last took its lock; 0 before any did."""
    try:
        return int(json.loads((run / LOCK).read_text())["pid"])
    except (OSError, ValueError):
        return 0


@contextmanager
def killer(run: Path, kills: int, after_round: int) -> Iterator[None]:
    """So many processes that run a trial are killed, one after the other, each after a round."""
    over = threading.Event()

    def kill() -> None:
        killed = {0, os.getpid()}
        for _ in range(kills):
            while not over.is_set() and writer_of(run) in killed:
                time.sleep(0.01)
            while not over.is_set() and not has_come_to(run, after_round):
                time.sleep(0.01)
            if not over.is_set():
                killed.add(writer_of(run))
                os.kill(writer_of(run), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_trials_that_lose_their_process_go_on_or_fail_alone(tmp_path: Path) -> None:
    doomed = {"rounds": 3_000, "log.checkpoint_rounds": 1_000_000}
    arms = [
        {"name": "unlucky"},
        {"name": "whole", "set": {"hubs.mechanism": "sticky"}},
        {"name": "doomed", "set": doomed},
    ]
    said = {"grid": None, "seeds": [1], "set": {"rounds": ROUNDS}}
    out = tmp_path / "out"
    file = write_sweep(tmp_path / "three", **said, arms=arms)
    with (
        killer(out / "runs" / "unlucky" / "s1", 1, after_round=1),
        killer(out / "runs" / "doomed" / "s1", 3, after_round=0),
    ):
        result = CliRunner().invoke(main, ["sweep", str(file), "--out", str(out)])
    assert "2 trials complete, 1 failed" in result.stdout, result.stderr
    assert result.exit_code == 1
    (resumed,) = read_description(out / "runs" / "unlucky" / "s1").resumed
    assert resumed.round > 0
    assert read_description(out / "runs" / "whole" / "s1").resumed == ()
    rows = {row["arm"]: row for row in timeless_trials(out).to_pylist()}
    assert "its process was lost 3 times at the same place" in rows["doomed"]["error"]
    alone = tmp_path / "alone"
    file = write_sweep(tmp_path / "two", **said, arms=arms[:2])
    assert walras_sweep(file, "--out", alone).exit_code == 0
    for row in timeless_trials(alone).to_pylist():
        assert row.items() <= rows[row["arm"]].items()


def test_a_request_to_end_while_ray_starts_begins_no_trial(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    interrupts = Interrupts()
    monkeypatch.setattr("orchestrator.on_ray.sweep.connect", lambda _: interrupts.note())
    monkeypatch.setattr("ray.cluster_resources", lambda: {"CPU": 1.0})
    with pytest.raises(KeyboardInterrupt), trials_on_ray("local", 0, None, interrupts):
        pytest.fail("trials were begun")


def test_a_process_that_is_lost_when_its_trial_is_over_loses_nothing(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.on_ray.sweep.RUN_ON_NODE", None)  # nothing may be started
    trial = replace(all_trials(read_sweep(copy), copy)[0], keep_log=False)
    task = _Task(trial, began_s=0.0, come_to=None)
    assert _Tasks(None, Interrupts())._lost(task, "killed") == read_outcome(trial)
    assert not (trial.run / "bids").exists()


def test_a_sweep_that_is_interrupted_stops_its_trials_and_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "out"
    file = write_sweep(tmp_path, set={"rounds": ROUNDS}, seeds=[1])
    process = subprocess.Popen(
        [*COMMAND, str(file), "--out", str(out)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    run = out / "runs" / "mechanism=auction" / "s1"
    until = time.monotonic() + PATIENCE_S
    while not has_come_to(run, 1) and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert said.splitlines()[-1] == f"walras: interrupted; `walras sweep {out}` goes on"
    assert read_description(run).status == "interrupted"
    result = walras_sweep(out)
    assert result.exit_code == 0, result.output
    assert read_description(run).resumed
    alone = tmp_path / "alone"
    assert walras_sweep(file, "--out", alone).exit_code == 0
    assert timeless_trials(alone).equals(timeless_trials(out))
