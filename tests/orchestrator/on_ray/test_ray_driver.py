"""The command's side of a run on Ray."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest
import yaml
from click.testing import CliRunner

from market.errors import BadInput
from market.release import SOURCE
from orchestrator.cli import main
from orchestrator.log import read_checkpoint, read_table
from orchestrator.on_ray import driver as ray_driver
from orchestrator.on_ray.driver import check_address, connect
from orchestrator.runs.directory import read_description
from orchestrator.verify.verify import verify_run
from tests.invariants import check_run
from tests.markets import run_market, small_market
from tests.orchestrator.test_determinism import rows

ROOT = Path(__file__).resolve().parents[3]
WALRAS = Path(sys.executable).with_name("walras")


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "market.yaml"
    document = small_market().model_dump(mode="json", exclude_none=True)
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.mark.parametrize("address", ["local", "auto", "10.0.0.1:6379", "head:6379", "[::1]:6379"])
def test_an_address_is_taken_as_it_is(address: str) -> None:
    assert check_address(address) == address


@pytest.mark.parametrize("address", ["", "loca", "head", "head:port", "http://head:6379", "a b:1"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BadInput, match="--ray: expected local, auto, off or HOST:PORT"):
        check_address(address)


def test_the_address_of_a_ray_client_leads_to_ray_job_submit() -> None:
    with pytest.raises(BadInput, match="use ray job submit"):
        check_address("ray://head:10001")


def test_a_cluster_that_does_not_answer_is_one_line(scenario: Path, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        command = ["run", str(scenario), "--ray", address, "--out", str(tmp_path / "out")]
        result = CliRunner().invoke(main, command)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"walras: --ray: no cluster answers at {address}: ")
    assert not (tmp_path / "out").exists()


def test_a_port_that_is_not_rays_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_driver, "LISTEN_S", 3.0)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(BadInput, match=f"no cluster answers at {address}: expected the port"):
            connect(address)


def test_a_run_on_a_ray_of_its_own_is_the_default(scenario: Path, tmp_path: Path) -> None:
    here = run_market(small_market(), tmp_path / "here")
    there = tmp_path / "there"
    command = [WALRAS, "run", scenario, "--out", there, "--set", "packing.providers_per_actor=12"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "best misreport" in done.stdout
    check_run(there)
    assert rows(there) == rows(here)


@contextmanager
def long_run(scenario: Path, out: Path) -> Iterator[subprocess.Popen[str]]:
    """A run that would take long; ended, whatever becomes of the test."""
    settings = ["--set", "rounds=5000", "--set", "log.checkpoint_rounds=1"]
    command = [WALRAS, "run", scenario, "--out", out, *settings]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        try:
            yield run
        finally:
            run.kill()


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < give_up, "it takes too long"
        time.sleep(0.1)


def is_interrupted(out: Path) -> bool:
    committed = json.loads((out / "checkpoint.json").read_text())["round"]
    assert committed == len(rows(out)["rounds"])
    return read_description(out).status == "interrupted"


LEFT = "`walras resume {out}` goes on from the last commit\n"


@pytest.mark.parametrize(
    "signals",
    [
        pytest.param([signal.SIGINT], id="Ctrl-C"),
        pytest.param([signal.SIGTERM], id="SIGTERM", marks=pytest.mark.slow),
        pytest.param([signal.SIGINT] * 3, id="Ctrl-C three times", marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_stops_in_order(
    signals: list[signal.Signals], scenario: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with long_run(scenario, out) as run:
        wait_until((out / "checkpoint.json").exists)
        for number in signals:
            run.send_signal(number)
            time.sleep(0.2)
        _, errors = run.communicate(timeout=60)
    assert errors == "walras: interrupted; " + LEFT.format(out=out)
    assert run.returncode == 130
    assert is_interrupted(out)


@pytest.mark.parametrize("after_s", [pytest.param(0.3, marks=pytest.mark.slow), 2.0])
def test_a_run_that_ends_before_it_begins_leaves_nothing(
    after_s: float, scenario: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with long_run(scenario, out) as run:
        assert run.stdout is not None
        wait_until(lambda: "log in" in run.stdout.readline())  # Ray is what comes next
        time.sleep(after_s)
        run.send_signal(signal.SIGTERM)
        _, errors = run.communicate(timeout=60)
    assert not out.exists()
    assert (run.returncode, errors) == (130, "walras: interrupted; nothing was written\n")


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(1, id="once", marks=pytest.mark.slow),
        pytest.param(2, id="twice", marks=pytest.mark.slow),
    ],
)
def test_a_run_goes_on_when_its_orchestrator_is_killed(kills: int, tmp_path: Path) -> None:
    scenario, out = tmp_path / "market.yaml", tmp_path / "out"
    market = small_market(rounds=60, log={"checkpoint_rounds": 1, "snapshot_share": 0})
    scenario.write_text(yaml.safe_dump(market.model_dump(mode="json", exclude_none=True)))
    command = [WALRAS, "run", scenario, "--quiet", "--out", out]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        for before in range(kills):
            wait_until(partial(has_gone_on, before, out))
            orchestrator_of(run).kill()
        output, errors = run.communicate(timeout=240)
    assert run.returncode == 0, errors
    assert output == f"{out}\n"
    told = errors.splitlines()
    assert len(told) == kills
    for line in told:
        assert line.startswith("walras: the orchestrator is gone: ActorDiedError: The actor ")
        assert line.endswith("; another one goes on from the last checkpoint")
    resumed = [one.round for one in read_description(out).resumed]
    lost = read_table(out, "faults").to_pylist()
    assert [row.pop("round") for row in lost] == [round_ + 1 for round_ in resumed]
    for row in lost:
        assert row.pop("cause").startswith("ActorDiedError: The actor ")
        counts = {"trial": 0, "lost": 0, "reauctioned": 0}
        named = {"participant": "orchestrator", "name": "orchestrator", "event": "crash"}
        assert row == counts | named
    whole = run_market(market, tmp_path / "whole", name="market")
    assert without_faults(out) == without_faults(whole)
    (verdict,) = verify_run(out)
    assert verdict.findings == []


def has_gone_on(times: int, out: Path) -> bool:
    """Whether a run has gone on so often, and come some rounds further since."""
    if not out.exists() or (checkpoint := read_checkpoint(out)) is None:
        return False
    resumed = read_description(out).resumed
    since = resumed[-1].round if resumed else 0
    return len(resumed) == times and checkpoint.round >= since + 5


def orchestrator_of(run: subprocess.Popen[str]) -> psutil.Process:
    below = psutil.Process(run.pid).children(recursive=True)
    (found,) = [one for one in below if " ".join(one.cmdline()).startswith("ray::Orchestrator")]
    return found


def without_faults(run: Path) -> dict[str, list[str]]:
    """All rows but those of faults, and their digests."""
    kept = rows(run)
    del kept["faults"]
    kept["digests"] = [row for row in kept["digests"] if "'table': 'faults'" not in row]
    return kept


def test_workers_with_other_source_are_refused(scenario: Path, tmp_path: Path) -> None:
    for package in SOURCE:
        shutil.copytree(ROOT / package, tmp_path / "other" / package)
    changed = tmp_path / "other" / "hubs" / "ledger.py"
    changed.write_text(changed.read_text() + "# changed\n")
    script = (
        "import sys; from market.release import running_release; running_release(); "
        f"import os; os.environ['PYTHONPATH'] = {str(tmp_path / 'other')!r}; "
        "from orchestrator.cli import main; main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", script, "run", scenario, "--out", tmp_path / "out"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "runs source" in line
    assert not (tmp_path / "out").exists()
