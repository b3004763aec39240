"""A run that was stopped goes on: what is kept of it, what is damaged, what came from outside."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from market.errors import BadInput, NotReproduced, NotWritten
from orchestrator.assembly import assemble
from orchestrator.cli import main
from orchestrator.log import read_checkpoint
from orchestrator.log.tables import TABLES
from orchestrator.resume import LoggedTrial, sealed, snapshot
from orchestrator.runs import directory as run_directory
from orchestrator.runs.directory import STATE, read_description
from orchestrator.runs.lock import RunLock
from orchestrator.runs.run import run_scenario
from orchestrator.runtime import InProcess
from orchestrator.scenario.model import Scenario
from tests.markets import DIALOGUES, StoppedAfter, run_market, small_market
from tests.orchestrator.test_determinism import rows

ROOT = Path(__file__).resolve().parents[3]
LOG = {"checkpoint_rounds": 3, "snapshot_share": 1.0}
MARKET = small_market(log=LOG)
TINY = small_market(rounds=1, drain_rounds=20, demand=[DIALOGUES])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_market(MARKET, tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture(scope="module")
def stopped_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("stopped") / "run"
    stop(MARKET, run, 8)
    return run


@pytest.fixture
def stopped(stopped_once: Path, tmp_path: Path) -> Path:
    """A run that was stopped after eight rounds, of which six count."""
    return Path(shutil.copytree(stopped_once, tmp_path / "run"))


def stop(scenario: Scenario, run: Path, rounds: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_market(scenario, run, progress=StoppedAfter(rounds))


def go_on(run: Path, scenario: Scenario = MARKET) -> tuple[list[str], list[str]]:
    """Go on to the end; the stages of the rounds, and what was told."""
    stages: list[str] = []
    told: list[str] = []
    run_scenario(
        scenario, "test", run, InProcess(), lambda one: stages.append(one.stage), told.append
    )
    return stages, told


def walras(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments), "--ray", "off"])


def test_a_stopped_run_goes_on_from_its_last_snapshot(stopped: Path, whole: Path) -> None:
    assert sorted(path.name for path in (stopped / STATE).iterdir()) == [
        "snapshot-0000-00000003",
        "snapshot-0000-00000006",
    ]
    stages, told = go_on(stopped)
    assert "auction, trial 0, computed again" not in stages
    assert told == []
    assert rows(stopped) == rows(whole)
    description = read_description(stopped)
    assert description.status == "complete"
    assert [(one.trial, one.round) for one in description.resumed] == [(0, 6)]
    assert not (stopped / STATE).exists()


def test_without_a_snapshot_all_is_computed_again(whole: Path, tmp_path: Path) -> None:
    market = small_market(log={"checkpoint_rounds": 3, "snapshot_share": 0.0})
    stop(market, tmp_path / "run", 8)
    stages, _ = go_on(tmp_path / "run", market)
    assert stages.count("auction, trial 0, computed again") == 6
    assert rows(tmp_path / "run") == rows(whole)


ARMS = small_market(rounds=2, drain_rounds=20, trials=2, compare=["random"], log=LOG)


@pytest.fixture(scope="module")
def whole_arms(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A run of two trials under two mechanisms, and how many rounds it has."""
    run = tmp_path_factory.mktemp("arms") / "run"
    run.mkdir()
    return run, len(go_on(run, ARMS)[0])


@pytest.mark.parametrize("share", [0.4, 0.8])
def test_trials_and_arms_that_are_over_stay_as_they_are(
    share: float, whole_arms: tuple[Path, int], tmp_path: Path
) -> None:
    whole, rounds = whole_arms
    run = tmp_path / "run"
    stop(ARMS, run, int(share * rounds))
    over = {path: path.stat().st_mtime_ns for path in run.glob("*/part-0000-*.parquet")}
    stages, _ = go_on(run, ARMS)
    assert len(stages) < rounds
    for below in ("", "compared/random"):
        assert rows(run / below) == rows(whole / below)
    assert over
    assert {path: path.stat().st_mtime_ns for path in over} == over


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "longer": lambda content: content + b"x",
    "one bit": lambda content: flipped(content, len(content) // 2),
    "no head": lambda content: b"0" * len(content),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_snapshot_is_passed_over_in_a_line(
    damage: Callable[[bytes], bytes], stopped: Path
) -> None:
    latest = stopped / STATE / "snapshot-0000-00000006"
    latest.write_bytes(damage(latest.read_bytes()))
    told: list[str] = []
    found = snapshot.read_snapshots(stopped, 0, 6, told.append)
    assert [one.round for one in found] == [3]
    assert told == [f"{latest}: is damaged; it is passed over"]


def test_the_snapshot_before_a_damaged_one_is_gone_on_from(stopped: Path, whole: Path) -> None:
    latest = stopped / STATE / "snapshot-0000-00000006"
    latest.write_bytes(b"")
    stages, told = go_on(stopped)
    assert len(told) == 1
    assert stages.count("auction, trial 0, computed again") == 3
    assert rows(stopped) == rows(whole)


def test_a_record_with_any_byte_altered_or_missing_is_damaged() -> None:
    record = sealed.sealed(b"a snapshot")
    assert sealed.unsealed(record, "x") == (b"a snapshot", len(record))
    for place in range(len(record)):
        for wrong in (record[:place], flipped(record, place)):
            with pytest.raises(BadInput, match="x: is damaged"):
                sealed.unsealed(wrong, "x")


def test_a_snapshot_of_another_source_is_passed_over(
    stopped: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = snapshot.running_release()
    other = type(release)(release.versions, "0" * 64)
    with monkeypatch.context() as patched:
        patched.setattr(snapshot, "running_release", lambda: other)
        stages, told = go_on(stopped)
    assert len(told) == 2
    assert all("was kept by another release: this one runs source 000000000000" in t for t in told)
    assert stages.count("auction, trial 0, computed again") == 6
    assert rows(stopped) == rows(whole)


def test_a_snapshot_that_is_later_than_the_log_does_not_count(stopped: Path, whole: Path) -> None:
    state = stopped / STATE
    shutil.copy(state / "snapshot-0000-00000006", state / "snapshot-0000-00000009")
    assert go_on(stopped)[1] == []
    assert rows(stopped) == rows(whole)


def test_what_is_computed_again_must_be_as_it_is_logged(
    stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(stopped / STATE)
    other = MARKET.model_copy(update={"seed": 4})
    monkeypatch.setattr(
        "orchestrator.resume.logged_trial.assemble", lambda _, trial: assemble(other, trial)
    )
    before = read_checkpoint(stopped)
    with pytest.raises(NotReproduced, match="trial 0, round 0, table providers, row 0"):
        go_on(stopped)
    assert read_checkpoint(stopped) == before
    assert read_description(stopped).status == "interrupted"


def test_a_run_without_a_round_begins(whole: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    shutil.copy(whole / "run.json", run)
    said = json.loads((run / "run.json").read_text()) | {"status": "running"}
    (run / "run.json").write_text(json.dumps(said))
    result = walras("resume", run)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "has no round yet" in result.stdout
    assert rows(run) == rows(whole)


def test_a_run_that_is_complete_says_so(whole: Path) -> None:
    result = walras("resume", whole)
    assert (result.exit_code, result.stdout) == (0, f"{whole} is complete\n")


def test_the_command_goes_on_and_says_where(stopped: Path, whole: Path) -> None:
    result = walras("resume", stopped)
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"{stopped}: auction, trial 0 has come to round 6" in result.stdout
    assert "requests served" in result.stdout
    assert rows(stopped) == rows(whole)


def truncate_checkpoint(run: Path) -> None:
    (run / "checkpoint.json").write_text('{"trial": 0, "rou')


def other_version(run: Path) -> None:
    said = json.loads((run / "run.json").read_text()) | {"schema_version": 1}
    (run / "run.json").write_text(json.dumps(said))


def other_seed(run: Path) -> None:
    said = json.loads((run / "run.json").read_text())
    said["seed"] = said["scenario"]["seed"] = 4
    (run / "run.json").write_text(json.dumps(said))


def other_checkpoint(run: Path) -> None:
    said = json.loads((run / "checkpoint.json").read_text()) | {"log_digest": "5" * 64}
    (run / "checkpoint.json").write_text(json.dumps(said))


WRONG: dict[str, tuple[Callable[[Path], Any], str]] = {
    "another seed": (other_seed, "run.json: says that something else is run than when trial 0"),
    "no digests": (lambda run: shutil.rmtree(run / "digests"), "digests"),
    "the checkpoint of another run": (other_checkpoint, "table digests: does not end with"),
    "no run": (lambda run: (run / "run.json").unlink(), "expected a run's directory"),
    "another version": (other_version, "schema_version: expected"),
    "a truncated checkpoint": (truncate_checkpoint, "checkpoint.json: is not a checkpoint of ours"),
    "no checkpoint": (lambda run: (run / "checkpoint.json").unlink(), "but no checkpoint.json"),
    "a missing table": (lambda run: shutil.rmtree(run / "bids"), "bids"),
}


@pytest.mark.parametrize(("harm", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_gone_on_with_is_one_line(
    harm: Callable[[Path], Any], said: str, stopped: Path
) -> None:
    harm(stopped)
    before = {path: path.read_bytes() for path in stopped.rglob("*.parquet")}
    result = walras("resume", stopped, "--quiet")
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("walras: ")
    assert said in line
    assert {path: path.read_bytes() for path in stopped.rglob("*.parquet")} == before


def test_a_snapshot_of_another_run_is_passed_over(
    stopped: Path, whole: Path, tmp_path: Path
) -> None:
    stop(MARKET.model_copy(update={"seed": 4}), tmp_path / "other", 8)
    shutil.rmtree(stopped / STATE)
    shutil.copytree(tmp_path / "other" / STATE, stopped / STATE)
    stages, told = go_on(stopped)
    assert len(told) == 2
    assert all("is the snapshot of another run; it is passed over" in line for line in told)
    assert stages.count("auction, trial 0, computed again") == 6
    assert rows(stopped) == rows(whole)


def test_commits_without_a_checkpoint_are_not_thrown_away(tmp_path: Path) -> None:
    run_market(MARKET, tmp_path / "run")
    (tmp_path / "run" / ".pending" / "0000-000001.arrow").touch()
    for table in TABLES:
        shutil.rmtree(tmp_path / "run" / table, ignore_errors=True)
    (tmp_path / "run" / "checkpoint.json").unlink()
    with pytest.raises(BadInput, match=r"has commits in .pending, but no checkpoint.json"):
        go_on(tmp_path / "run")
    assert (tmp_path / "run" / ".pending" / "0000-000001.arrow").exists()


def test_a_directory_says_whether_another_run_was_begun_there(stopped: Path) -> None:
    with pytest.raises(BadInput, match=r"run.json: describes another run than this one"):
        go_on(stopped, MARKET.model_copy(update={"seed": 4}))


def test_a_comparison_is_not_resumed_by_itself(stopped: Path) -> None:
    arm = stopped / "compared" / "random"
    shutil.copytree(stopped, arm, ignore=shutil.ignore_patterns("compared"))
    result = walras("resume", arm, "--quiet")
    assert result.exit_code == 2
    assert f"{arm}: is one of the comparisons of the run {stopped}" in result.stderr


def test_a_run_that_was_killed_before_it_said_what_it_is_begins_anew(
    whole: Path, tmp_path: Path
) -> None:
    run, scenario = tmp_path / "run", tmp_path / "test.yaml"
    run.mkdir()
    (run / ".lock").write_text('{"pid": 1')
    (run / ".run.json.tmp").write_text('{"schema_version"')
    scenario.write_text(yaml.safe_dump(MARKET.model_dump(mode="json", exclude_none=True)))
    result = walras("run", scenario, "--out", run, "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")
    assert rows(run) == rows(whole)
    assert not (run / ".run.json.tmp").exists()


def test_a_person_may_stop_it_while_it_computes_again(stopped: Path, whole: Path) -> None:
    shutil.rmtree(stopped / STATE)
    for rounds in (2, 6):
        with pytest.raises(KeyboardInterrupt):
            run_scenario(MARKET, "test", stopped, InProcess(), StoppedAfter(rounds).show)
        assert read_description(stopped).status == "interrupted"
    go_on(stopped)
    assert rows(stopped) == rows(whole)


@pytest.mark.parametrize("how_often", [0, 1])
def test_a_description_that_cannot_be_written_is_one_line(
    how_often: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written so often before the disk is full: as it begins, and when it is over."""
    run, scenario = tmp_path / "run", tmp_path / "test.yaml"
    scenario.write_text(yaml.safe_dump(TINY.model_dump(mode="json", exclude_none=True)))
    written = run_directory.write_json_atomically
    calls = []

    def full(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) > how_often:
            raise OSError(errno.ENOSPC, "No space left on device")
        written(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(run_directory, "write_json_atomically", full)
        result = walras("run", scenario, "--out", run, "--quiet")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"walras: {run}/run.json: cannot be written: No space left on device")
    again = ("resume", run) if how_often else ("run", scenario, "--out", run)
    assert walras(*again, "--quiet").exit_code == 0
    assert read_description(run).status == "complete"


def test_of_two_that_resume_one_wins(stopped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.runs.lock.PATIENCE_S", 0.1)
    with RunLock(stopped):
        before = (stopped / "run.json").read_bytes()
        result = walras("resume", stopped, "--quiet")
        assert (stopped / "run.json").read_bytes() == before
    assert result.exit_code == 2
    assert f"{stopped}: is being written by process {os.getpid()} on host" in result.stderr


def test_a_process_that_holds_the_run_keeps_others_out(stopped: Path) -> None:
    hold = (
        "import sys; from pathlib import Path; from orchestrator.runs.lock import RunLock\n"
        "with RunLock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, stopped],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(BadInput, match=f"is being written by process {holder.pid} on host"):
            RunLock(stopped, 0.1).acquire()
        holder.kill()
    go_on(stopped)
    assert read_description(stopped).status == "complete"


def test_a_disk_that_is_full_keeps_what_was_committed(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    fsync, calls = os.fsync, []

    def full(file: int) -> None:
        calls.append(file)
        if len(calls) > 30:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(file)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises((NotWritten, OSError), match="No space left on device"):
            run_market(MARKET, run)
    checkpoint = read_checkpoint(run)
    assert checkpoint is not None
    assert 0 < checkpoint.round < 40
    go_on(run)
    assert rows(run) == rows(whole)


def test_a_snapshot_that_cannot_be_written_is_done_without(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    run = tmp_path / "run"
    run.mkdir()
    monkeypatch.setattr("orchestrator.resume.snapshot.write_atomically", full)
    _, told = go_on(run)
    assert told
    assert all("no snapshot was taken after round" in line for line in told)
    assert rows(run) == rows(whole)


def test_rounds_say_whether_they_were_computed_again(tmp_path: Path) -> None:
    stop(small_market(log=LOG | {"snapshot_share": 0.0}), tmp_path / "run", 5)
    trial = LoggedTrial(MARKET, 0, tmp_path / "run", InProcess())
    again = [one.record.number for one in trial.rounds() if one.again]
    assert again == [1, 2, 3]
    assert trial.seconds["commit_s"] > 0
