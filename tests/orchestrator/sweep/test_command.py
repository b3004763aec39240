"""``walras sweep`` as a person uses it: what it says, what it leaves, how it goes on."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from orchestrator.log import read_checkpoint, read_table
from orchestrator.runs.directory import read_description
from orchestrator.runs.lock import RunLock
from orchestrator.sweep import trial as trial_module
from orchestrator.sweep.progress import SweepProgress
from tests.command import assert_one_line_error
from tests.invariants import check_run
from tests.orchestrator.sweep.conftest import Done
from tests.orchestrator.sweep.sweeps import SWEEP, timeless_trials, walras_sweep, write_sweep

ARMS = ("mechanism=auction", "mechanism=sticky")


def test_every_trial_is_a_run_of_its_own(done: Done) -> None:
    assert done.result.exit_code == 0, done.result.output
    for arm in ARMS:
        for seed in (1, 2):
            run = done.directory / "runs" / arm / f"s{seed}"
            description = read_description(run)
            assert description.status == "complete"
            assert (description.seed, description.name) == (seed, arm)
            check_run(run)


def test_arms_that_differ_in_the_mechanism_share_demand_and_private_costs(done: Done) -> None:
    runs = [done.directory / "runs" / arm / "s1" for arm in ARMS]
    mechanisms = [read_description(run).scenario.hubs.mechanism for run in runs]
    assert mechanisms == ["auction", "sticky"]
    first_turns = [
        sorted(
            (row["request"], row["client"], row["arrival_s"], row["prompt_tokens"])
            for row in read_table(run, "requests").to_pylist()
            if row["turn"] == 1
        )
        for run in runs
    ]
    assert first_turns[0] == first_turns[1] != []
    costs = [
        read_table(run, "bids", ["round", "provider", "true_cost"]).to_pylist() for run in runs
    ]
    rounds = min(max(row["round"] for row in of_run) for of_run in costs)
    shared = [[row for row in of_run if row["round"] <= rounds] for of_run in costs]
    assert shared[0] == shared[1]
    other = read_table(done.directory / "runs" / ARMS[0] / "s2", "requests").to_pylist()
    assert {row["arrival_s"] for row in other}.isdisjoint(one[2] for one in first_turns[0])


def test_the_tables_are_there_in_two_forms(done: Done) -> None:
    for name in ("trials", "comparison"):
        table = pq.read_table(done.directory / f"{name}.parquet").to_pylist()
        with (done.directory / f"{name}.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == len(table) > 0
        for row, written in zip(table, rows, strict=True):
            for key, value in row.items():
                text = written[key]
                same = text == "" if value in (None, "") else type(value)(text) == value
                assert same, (key, value, text)
    trials = timeless_trials(done.directory).to_pylist()
    assert [(row["arm"], row["seed"]) for row in trials] == [(a, s) for a in ARMS for s in (1, 2)]
    assert {row["set.hubs.mechanism"] for row in trials} == {"auction", "sticky"}
    assert all(0 < row["served_share"] <= 1 for row in trials)
    assert [row["workflow_paid_usd"] for row in trials] == [None] * 4  # there are no workflows


def test_the_terminal_shows_arms_intervals_and_where_the_rest_is(done: Done) -> None:
    for said in (
        "mechanisms: 2 arms under 2 seeds are 4 trials of up to 12 providers",
        "  mechanism=auction (baseline)",
        "  seeds 1 to 2",
        "chat welfare, USD (higher is better)\n  mechanism=auction ",
        " ± ",
        "Holm-adjusted for all 3 tests in comparison.csv",
        "4 trials complete, 0 failed",
        "4 trials that took ",
        f"{done.directory}/comparison.csv",
    ):
        assert said in done.result.stdout


@pytest.mark.parametrize("by_directory", [False, True])
def test_the_same_again_keeps_what_is_complete(
    done: Done, copy: Path, by_directory: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = pq.read_table(copy / "trials.parquet")
    monkeypatch.setattr(trial_module, "in_this_process", None)  # nothing may run
    again = walras_sweep(copy) if by_directory else walras_sweep(done.file, "--out", copy)
    assert again.exit_code == 0, again.output
    assert "4 of 4 trials are complete already" in again.stderr
    assert pq.read_table(copy / "trials.parquet").equals(before)


def test_a_sweep_that_was_interrupted_goes_on_to_the_same_tables(
    done: Done, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    left = [26]  # rounds, the last ones of the third trial

    def tick(_: SweepProgress) -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(SweepProgress, "tick", tick)
        stopped = walras_sweep(done.file, "--out", out)
    assert stopped.exit_code == 130
    last = stopped.stderr.splitlines()[-1]
    assert last == f"walras: interrupted; `walras sweep {out}` goes on"
    states = {run: read_description(run).status for run in (out / "runs").glob("*/*")}
    assert sorted(states.values()) == ["complete", "complete", "interrupted"]
    half = next(run for run, status in states.items() if status == "interrupted")
    reached = read_checkpoint(half)
    assert reached is not None
    assert walras_sweep(out).exit_code == 0
    (resumed,) = read_description(half).resumed
    assert resumed.round == reached.round > 0
    assert timeless_trials(out).equals(timeless_trials(done.directory))
    comparison = "comparison.parquet"
    assert pq.read_table(out / comparison).equals(pq.read_table(done.directory / comparison))


def test_a_failed_trial_does_not_stop_the_others_and_is_tried_again(done: Done, copy: Path) -> None:
    for seed in (1, 2):
        (copy / "figures" / ARMS[1] / f"s{seed}.json").unlink()
    run = copy / "runs" / ARMS[1] / "s1"
    shutil.rmtree(run)
    run.mkdir()
    (run / "thesis.tex").write_text("words")
    failed = walras_sweep(copy)
    assert failed.exit_code == 1
    assert "3 trials complete, 1 failed" in failed.stdout
    assert f"{ARMS[1]}, seed 1 failed: {run}: exists already" in failed.stderr
    row = next(row for row in timeless_trials(copy).to_pylist() if row["status"] == "failed")
    assert (row["arm"], row["seed"], row["chat_welfare_usd"]) == (ARMS[1], 1, None)
    assert str(run) in row["error"]
    compared = pq.read_table(copy / "comparison.parquet").to_pylist()
    assert [row["n"] for row in compared[:2]] == [2, 1]
    (run / "thesis.tex").unlink()
    assert walras_sweep(copy).exit_code == 0
    assert timeless_trials(copy).equals(timeless_trials(done.directory))


def test_a_bug_is_a_failure_with_its_traceback_and_the_trial_begins_anew(
    done: Done, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (copy / "figures" / ARMS[0] / "s2.json").unlink()

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("no market")

    with monkeypatch.context() as patched:
        patched.setattr(trial_module, "market_metrics", broken)
        failed = walras_sweep(copy, "--json")
    assert failed.exit_code == 1
    (line,) = failed.stdout.splitlines()
    outcome = json.loads(line)
    assert (outcome["arm"], outcome["seed"], outcome["status"]) == (ARMS[0], 2, "failed")
    traceback = copy / "figures" / ARMS[0] / "s2.traceback"
    assert outcome["error"] == f"ZeroDivisionError: no market; see {traceback}"
    assert "broken" in traceback.read_text()
    left = copy / "runs" / ARMS[0] / "s2" / "bids"
    before = {part: part.stat().st_mtime_ns for part in left.iterdir()}
    assert walras_sweep(copy, "--quiet").stdout == f"{copy}\n"
    assert {part: part.stat().st_mtime_ns for part in left.iterdir()} != before
    assert not traceback.exists()
    assert timeless_trials(copy).equals(timeless_trials(done.directory))


def test_results_alone_are_kept_where_logs_are_not_wanted(done: Done, tmp_path: Path) -> None:
    file, out = write_sweep(tmp_path, keep="results"), tmp_path / "out"
    assert walras_sweep(file, "--out", out).exit_code == 0
    for run in (out / "runs").glob("*/*"):
        assert {path.name for path in run.iterdir()} == {"run.json", ".lock"}
        assert read_description(run).status == "complete"
    assert timeless_trials(out).equals(timeless_trials(done.directory))
    again = walras_sweep(file, "--out", out)
    assert "4 of 4 trials are complete already" in again.stderr


def test_another_sweep_is_refused_with_what_changed(done: Done, copy: Path, tmp_path: Path) -> None:
    changed = write_sweep(tmp_path / "changed", set={"rounds": 5})
    result = walras_sweep(changed, "--out", copy)
    rounds = "arms.mechanism=auction.scenario.rounds was 4 and is 5"
    assert_one_line_error(result, str(copy), rounds, "--force")
    for changes, said in (
        ({"seeds": [2, 3]}, "seeds had 1"),
        ({"grid": {"hubs.mechanism": ["auction"]}}, "there was an arm mechanism=sticky"),
        ({"keep": "results"}, "keep was logs and is results"),
    ):
        other = write_sweep(tmp_path / said, **changes)
        assert_one_line_error(walras_sweep(other, "--out", copy), said)
    assert timeless_trials(copy).equals(timeless_trials(done.directory))


def test_a_sweep_is_given_more_seeds_arms_and_metrics_and_runs_only_what_is_new(
    done: Done, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(**changes: object) -> Path:
        return write_sweep(tmp_path / "changed", **changes)

    kept = copy / "runs" / ARMS[0] / "s1" / "bids"
    written = {part: part.stat().st_mtime_ns for part in kept.iterdir()}
    with monkeypatch.context() as patched:
        patched.setattr("orchestrator.runs.run._run_arm", None)  # no round may be run
        taken = {"metrics": [*SWEEP["metrics"][:2], "revenue_gini"], "baseline": ARMS[1]}
        assert walras_sweep(changed(**taken), "--out", copy).exit_code == 0
    more = {"grid": {"hubs.mechanism": ["random", "auction", "sticky"]}, "seeds": [0, 1, 2]}
    extended = walras_sweep(changed(**taken, **more), "--out", copy)
    assert "4 of 9 trials are complete already" in extended.stderr
    assert {part: part.stat().st_mtime_ns for part in kept.iterdir()} == written
    rows = {(row["arm"], row["seed"]): row for row in timeless_trials(copy).to_pylist()}
    assert list(rows) == [(arm, seed) for arm in ("mechanism=random", *ARMS) for seed in (0, 1, 2)]
    assert all(0 < row["revenue_gini"] < 1 for row in rows.values())
    for row in timeless_trials(done.directory).to_pylist():
        same = row["chat_welfare_usd"], row["served_share"], row["release"]
        found = rows[row["arm"], row["seed"]]
        assert (found["chat_welfare_usd"], found["served_share"], found["release"]) == same
    again = walras_sweep(copy)  # what it is now is what goes on
    assert "9 of 9 trials are complete already" in again.stderr


def test_a_metric_that_needs_a_log_that_is_gone_is_refused(copy: Path, tmp_path: Path) -> None:
    described = copy / "sweep.json"
    described.write_text(described.read_text().replace('"keep": "logs"', '"keep": "results"'))
    more = write_sweep(tmp_path, keep="results", metrics=["hit_rate", "revenue_gini"])
    said = "metrics had no revenue_gini, which cannot be taken without the logs"
    assert_one_line_error(walras_sweep(more, "--out", copy), said)
    fewer = write_sweep(tmp_path, keep="results", metrics=["hit_rate"])
    assert walras_sweep(fewer, "--out", copy).exit_code == 0


def test_a_metric_that_this_release_does_not_have_is_one_line(copy: Path) -> None:
    described = copy / "sweep.json"
    described.write_text(described.read_text().replace('"hit_rate"', '"wealth"'))
    assert_one_line_error(walras_sweep(copy), "sweep.metrics", "wealth")


def test_force_replaces_a_sweep_and_nothing_else(copy: Path, tmp_path: Path) -> None:
    (copy / "notes.txt").write_text("mine")
    grid = {"hubs.mechanism": ["random"]}
    file = write_sweep(tmp_path / "other", grid=grid, seeds=[9], set={"rounds": 2})
    for out in (copy, tmp_path / "new"):
        result = walras_sweep(file, "--out", out, "--force")
        assert result.exit_code == 0, result.output
        assert [path.name for path in (out / "runs").iterdir()] == ["mechanism=random"]
        assert timeless_trials(out).num_rows == 1
    assert (copy / "notes.txt").read_text() == "mine"
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    (stranger / "chapter.tex").write_text("words")
    for force in ([], ["--force"]):
        assert_one_line_error(walras_sweep(file, "--out", stranger, *force), str(stranger))
    assert [path.name for path in stranger.iterdir()] == ["chapter.tex"]


def test_one_process_at_a_time_runs_a_sweep(copy: Path) -> None:
    with RunLock(copy):
        result = walras_sweep(copy)
    assert result.exit_code == 2
    assert f"walras: {copy}: is being written by process" in result.stderr


def test_a_dry_run_checks_everything_and_writes_nothing(done: Done, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = walras_sweep(done.file, "--out", out, "--dry-run")
    assert result.exit_code == 0
    assert "mechanism=sticky\n" in result.stdout
    assert not out.exists()
    bad = write_sweep(tmp_path / "bad", set=SWEEP["set"] | {"hubs.count": 99})
    said = "arm mechanism=auction: "
    assert_one_line_error(walras_sweep(bad, "--dry-run"), said, "hubs.count: expected 1 to 12")


def test_what_makes_no_sense_together_is_one_line(done: Done, copy: Path, tmp_path: Path) -> None:
    assert_one_line_error(walras_sweep(copy, "--out", tmp_path / "out"), "--out", str(copy))
    assert_one_line_error(walras_sweep(copy, "--force"), "--force", str(copy))
    assert_one_line_error(walras_sweep(copy, "--jobs", "2"), "--jobs: expected 1 with --ray off")
    assert_one_line_error(walras_sweep(tmp_path), str(tmp_path), "sweep.json")
    damaged = copy / "figures" / ARMS[0] / "s1.json"
    damaged.write_text("{}")
    result = walras_sweep(copy)
    assert result.exit_code == 2
    assert f"walras: {damaged}: is not what a sweep says of a trial" in result.stderr
