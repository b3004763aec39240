"""``walras run --json``: what a script reads."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from orchestrator.analysis.summary import summarize
from orchestrator.cli import json_lines, main
from orchestrator.cli.json_fields import EVENTS, SUMMARY
from orchestrator.runs.directory import COMPARED
from tests.command import interrupt_after_two_rounds
from tests.orchestrator.cli.test_cli import MARKET


def walras(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


def events(result: Result) -> list[dict[str, Any]]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return [json.loads(line, parse_constant=refuse) for line in result.stdout.splitlines()]


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("json") / "tiny.yaml"
    demand = [MARKET["demand"][0]]  # no workflow: some figures are of nothing
    path.write_text(yaml.safe_dump(MARKET | {"demand": demand}))
    return path


@pytest.fixture(scope="module")
def run(scenario: Path) -> tuple[Path, list[dict[str, Any]]]:
    """A run with a comparison, every round of it told."""
    out = scenario.parent / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_lines, "PROGRESS_EVERY_S", 0.0)
        result = walras("run", scenario, "--ray", "off", "--out", out, "--json")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return out, events(result)


def test_a_run_is_a_plan_then_progress_then_a_result(
    run: tuple[Path, list[dict[str, Any]]],
) -> None:
    out, told = run
    kinds = [one["event"] for one in told]
    assert kinds == ["plan", *["progress"] * (len(told) - 2), "result"]
    assert told[0]["run"] == told[-1]["run"] == str(out)
    done = [one["rounds_done"] for one in told[1:-1]]
    assert done == sorted(done)
    assert done[-1] == told[1]["rounds"] == 2 * MARKET["rounds"]
    stages = [one["stage"] for one in told[1:-1]]
    assert list(dict.fromkeys(stages)) == ["auction, trial 0", "random, trial 0"]


def test_every_field_that_is_told_is_documented_and_the_other_way_round(
    run: tuple[Path, list[dict[str, Any]]],
) -> None:
    _, told = run
    for one in told:
        assert set(one) == {"event", *EVENTS[one["event"]]}
    for summary in told[-1]["summaries"].values():
        for part, fields in SUMMARY.items():
            said = summary[part] if part else summary
            parts = set() if part else set(SUMMARY) - {""}
            assert set(said) - parts == set(fields)


def test_the_result_is_the_summary_of_the_log(run: tuple[Path, list[dict[str, Any]]]) -> None:
    out, told = run
    summaries = told[-1]["summaries"]
    for mechanism, directory in (("auction", out), ("random", out / COMPARED / "random")):
        summary = summarize(directory)
        for part in ("chat", "workflows", "presence", "faults"):
            for name, figure in vars(getattr(summary, part)).items():
                nothing = isinstance(figure, float) and math.isnan(figure)
                assert summaries[mechanism][part][name] == (None if nothing else figure)
        last = [one for one in told if one.get("stage", "").startswith(mechanism)][-1]
        assert last["served"] == summary.chat.served
        welfare = pytest.approx(summary.chat.reported_welfare_usd)
        assert last["reported_welfare_usd"] == welfare


def test_progress_is_told_at_most_once_a_second(scenario: Path, tmp_path: Path) -> None:
    result = walras("run", scenario, "--ray", "off", "--out", tmp_path / "out", "--json")
    told = [one for one in events(result) if one["event"] == "progress"]
    assert len(told) <= 1 + events(result)[-1]["seconds"]


def test_a_run_that_is_complete_is_told_again_without_running(
    run: tuple[Path, list[dict[str, Any]]],
) -> None:
    out, told = run
    (again,) = events(walras("resume", out, "--json"))
    assert again["summaries"] == told[-1]["summaries"]
    assert again["seconds"] is None


def test_bad_input_is_an_event_and_a_line_on_stderr(scenario: Path) -> None:
    result = walras("run", scenario, "--ray", "off", "--json", "--set", "rounds=-1")
    assert result.exit_code == 2
    (error,) = events(result)
    assert error["event"] == "error"
    assert error["exit_status"] == 2
    assert result.stderr == f"walras: {error['message']}\n"
    assert set(error) == {"event", *EVENTS["error"]}


def test_an_interrupted_run_tells_how_to_go_on_and_where_it_stands(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    every_round = ("--set", "log.checkpoint_rounds=1", "--set", "compare=[]")
    with monkeypatch.context() as patch:
        interrupt_after_two_rounds(patch)
        result = walras("run", scenario, "--ray", "off", "--out", out, "--json", *every_round)
    assert result.exit_code == 130
    error = events(result)[-1]
    assert error["exit_status"] == 130
    assert f"`walras resume {out}` goes on" in error["message"]
    assert result.stderr == f"walras: {error['message']}\n"
    resumed = events(walras("resume", out, "--ray", "off", "--json"))
    assert resumed[0]["stands"] == "auction, trial 0 has come to round 2"
    assert resumed[-1]["summaries"]["auction"]["chat"]["served"] > 0


@pytest.mark.parametrize("command", ["run", "resume"])
def test_quiet_and_json_exclude_each_other(command: str, scenario: Path) -> None:
    result = walras(command, scenario, "--quiet", "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == "walras: --quiet: expected it or --json, got both\n"
