"""A market as a Ray job, on a head that listens on ports of its own and asks for a token."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
import yaml

from market.release import SOURCE
from orchestrator.log import read_checkpoint, read_table
from orchestrator.runs.directory import read_description
from tests.invariants import check_run
from tests.markets import DIALOGUES, GROUPS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = Path(sys.executable).parent
PATIENCE_S = 180.0


@dataclass(frozen=True)
class Head:
    """A head that runs, and what it takes to speak with it."""

    address: str
    environment: dict[str, str]

    def job(self, *words: str | Path, anonymous: bool = False) -> subprocess.CompletedProcess[str]:
        """What ``ray job`` says; without the token, if ``anonymous``."""
        hidden = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN") if anonymous else ()
        return subprocess.run(
            [COMMANDS / "ray", "job", words[0], "--address", self.address, *words[1:]],
            env={key: value for key, value in self.environment.items() if key not in hidden},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    environment = os.environ | {
        "PATH": f"{COMMANDS}{os.pathsep}{os.environ['PATH']}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": uuid4().hex,
        "RAY_JOB_STOP_WAIT_TIME_S": "60",
    }
    dashboard, client, agent = free_ports(3)
    with tempfile.TemporaryDirectory(prefix="ray-") as home:
        command = [
            *(COMMANDS / "ray", "start", "--head", "--block", "--disable-usage-stats"),
            *("--port=0", "--min-worker-port=0", "--max-worker-port=0"),
            *(f"--dashboard-port={dashboard}", f"--dashboard-agent-listen-port={agent}"),
            *(f"--ray-client-server-port={client}", f"--temp-dir={home}"),
            *("--num-cpus=2", f"--object-store-memory={10**8}"),
        ]
        with running(command, environment):
            head = Head(f"http://127.0.0.1:{dashboard}", environment)
            wait_until(lambda: head.job("list").returncode == 0)
            yield head


@contextmanager
def running(command: list[str | Path], environment: dict[str, str]) -> Iterator[None]:
    """A program that runs meanwhile; it ends with all that it started, and nothing else does."""
    program = psutil.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        started = [program, *program.children(recursive=True)]
        program.send_signal(signal.SIGTERM)
        for process in psutil.wait_procs(started, timeout=15)[1]:
            process.kill()
        program.wait()


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up, "it takes too long"
        time.sleep(0.5)


@pytest.fixture
def scenarios(tmp_path: Path) -> Path:
    """A folder with a scenario in it, to be sent with a job."""
    folder = tmp_path / "scenarios"
    folder.mkdir()
    market = {"seed": 5, "rounds": 4, "providers": GROUPS, "hubs": {"count": 2}}
    (folder / "tiny.yaml").write_text(yaml.safe_dump(market | {"demand": [DIALOGUES]}))
    return folder


def test_a_job_leaves_a_complete_log(head: Head, scenarios: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    walras = ["walras", "run", "tiny.yaml", "--ray", "auto", "--out", out]
    job = head.job("submit", "--working-dir", scenarios, "--", *walras)
    assert job.returncode == 0, job.stdout + job.stderr
    assert read_description(out).status == "complete"
    tables = ("providers", "hubs", "rounds", "requests", "awards", "completions", "settlements")
    assert all(read_table(out, table).num_rows for table in tables)
    check_run(out)


def test_a_job_runs_the_source_that_it_brings_in_every_process(
    head: Head, scenarios: Path, tmp_path: Path
) -> None:
    for package in SOURCE:
        shutil.copytree(ROOT / package, scenarios / package)
    changed = scenarios / "orchestrator" / "cli" / "__init__.py"
    changed.write_text(changed.read_text() + "\n\nprint('brought along:', __file__)\n")
    walras = ["walras", "run", "tiny.yaml", "--ray", "auto", "--out", tmp_path / "run"]
    job = head.job("submit", "--working-dir", scenarios, "--", *walras)
    assert job.returncode == 0, job.stdout + job.stderr  # or an actor would run another source
    assert "brought along: " in job.stdout
    assert f"brought along: {ROOT}" not in job.stdout


def has_rounds(run: Path) -> bool:
    """Whether rounds of a run were committed; its providers are before them."""
    checkpoint = read_checkpoint(run)
    return checkpoint is not None and checkpoint.round > 0


def test_a_stopped_job_leaves_what_was_committed(
    head: Head, scenarios: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    walras = ["walras", "run", "tiny.yaml", "--ray", "auto", "--set", "rounds=2000", "--out", out]
    send = ("submit", "--no-wait", "--submission-id", "long", "--working-dir", scenarios, "--")
    assert head.job(*send, *walras).returncode == 0
    wait_until(lambda: has_rounds(out))
    assert head.job("stop", "long").returncode == 0
    assert "interrupted; " in head.job("logs", "long").stdout
    assert read_description(out).status == "interrupted"
    assert read_table(out, "rounds").num_rows > 0


def test_a_job_that_asks_for_too_much_fails_with_one_line(
    head: Head, scenarios: Path, tmp_path: Path
) -> None:
    packing = ["--set", "packing.providers_per_actor=1"]
    walras = ["walras", "run", "tiny.yaml", "--ray", "auto", *packing, "--out", tmp_path / "run"]
    job = head.job("submit", "--working-dir", scenarios, "--", *walras)
    assert job.returncode == 1
    assert "walras: not enough on the cluster: " in job.stdout
    assert not (tmp_path / "run").exists()


def test_a_head_with_a_token_refuses_who_has_none(head: Head) -> None:
    answer = head.job("list", anonymous=True)
    assert answer.returncode != 0
    assert "Authentication required" in answer.stderr
