"""The command as a person uses it: exit statuses, one-line errors, what is left on disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from orchestrator.cli import main
from orchestrator.runs.directory import read_description
from tests.command import assert_one_line_error, interrupt_after_two_rounds
from tests.invariants import check_run
from tests.markets import GROUPS

MARKET = {
    "seed": 5,
    "rounds": 4,
    "providers": GROUPS,
    "hubs": {"count": 2},
    "demand": [
        {"kind": "dialogues", "rate_per_s": 4},
        {"kind": "workflows", "names": ["S3"], "every_rounds": 2, "execution_token_scale": 1e-4},
    ],
    "compare": ["random"],
}

TRACE = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n"

WORKFLOW = {
    "kind": "workflow",
    "nodes": [
        {"id": "a", "output_tokens": 1000, "input_tokens": 0, "difficulty": 1},
        {"id": "b", "output_tokens": 1000, "difficulty": 2},
    ],
    "edges": [{"from": "a", "to": "b", "transfer_tokens": 1000}],
    "providers": [
        {
            "id": "p",
            "tier": 2,
            "input_ratio": 0.25,
            "bid": 1.0,
            "prior": {"kind": "uniform", "low": 0.5, "high": 3.0},
        }
    ],
}
MATCHING = {
    "kind": "matching",
    "values": [[3.0, None], [5.0, 2.0]],
    "costs": [[1.0, None], [1.0, 1.0]],
    "capacities": [1, 1],
}


def walras(command: str, *arguments: str | Path) -> Result:
    here = ["--ray", "off"] if command == "run" else []
    return CliRunner().invoke(main, [command, *here, *map(str, arguments)])


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(MARKET))
    return path


def test_a_run_says_what_it_does_and_what_came_of_it(scenario: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = walras("run", scenario, "--out", out)
    assert result.exit_code == 0, result.output
    for said in (
        "12 providers, 2 matching hubs (auction)",
        "then the same tape under random",
        "requests served",
        "welfare, realised",
        "cache hit rate",
        "TTFT after it, mean / P99",
        "best misreport of",
        f" report {out}",
    ):
        assert said in result.stdout
    check_run(out)


def test_a_market_in_which_nothing_was_asked_is_not_in_the_summary(
    scenario: Path, tmp_path: Path
) -> None:
    demand = "demand=[{kind: dialogues, rate_per_s: 4}]"
    result = walras("run", scenario, "--out", tmp_path / "out", "--set", demand)
    assert "requests served" in result.stdout
    assert "workflows served" not in result.stdout


def test_the_default_directory_is_named_after_the_scenario(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert walras("run", scenario, "--quiet", "--set", "compare=[]").exit_code == 0
    runs = list((tmp_path / "runs" / "tiny").iterdir())
    assert len(runs) == 2
    assert all("-s5" in run.name for run in runs)


def test_quiet_prints_where_the_log_is_and_nothing_else(scenario: Path, tmp_path: Path) -> None:
    result = walras("run", scenario, "--quiet", "--out", tmp_path / "out")
    assert result.stdout == f"{tmp_path / 'out'}\n"


def test_a_run_never_overwrites_unless_told_to(scenario: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert walras("run", scenario, "--out", out).exit_code == 0
    first = (out / "run.json").stat().st_mtime_ns
    assert_one_line_error(walras("run", scenario, "--out", out), str(out), "--force")
    assert (out / "run.json").stat().st_mtime_ns == first
    assert walras("run", scenario, "--out", out, "--force").exit_code == 0
    check_run(out)


def test_force_leaves_folders_alone_that_are_no_run(scenario: Path, tmp_path: Path) -> None:
    precious = tmp_path / "thesis"
    precious.mkdir()
    (precious / "chapter.tex").write_text("words")
    result = walras("run", scenario, "--out", precious, "--force")
    assert_one_line_error(result, str(precious), "has no run.json")
    assert (precious / "chapter.tex").read_text() == "words"


def test_force_removes_what_a_run_wrote_and_nothing_else(scenario: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert walras("run", scenario, "--out", out).exit_code == 0
    (out / "notes.txt").write_text("mine")
    assert walras("run", scenario, "--out", out, "--force", "--set", "compare=[]").exit_code == 0
    assert (out / "notes.txt").read_text() == "mine"
    assert not (out / "compared").exists()
    check_run(out)


@pytest.mark.parametrize("content", ["{}", "[]", "not json", '{"scenario": 1}'])
def test_a_run_json_that_is_not_ours_protects_its_folder(
    scenario: Path, tmp_path: Path, content: str
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "run.json").write_text(content)
    result = walras("run", scenario, "--out", tmp_path / "out", "--force")
    assert_one_line_error(result, "has no run.json of ours")
    assert (tmp_path / "out" / "run.json").read_text() == content


@pytest.mark.parametrize("name", ["x" * 300, "a-file/out"])
def test_a_directory_that_cannot_be_made_is_one_line(
    scenario: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "a-file").write_text("")
    assert_one_line_error(walras("run", scenario, "--out", tmp_path / name), "cannot be made")


def test_paths_are_printed_as_they_are(scenario: Path, tmp_path: Path) -> None:
    out = tmp_path / ("a-long-name-" * 8) / "o_[/x]"
    result = walras("run", scenario, "--out", out, "--set", "compare=[]")
    assert result.exit_code == 0, result.output
    assert f"log in {out}\n" in result.stdout


@pytest.mark.parametrize(
    "setting",
    [
        "providers.0.strategy={kind: aggressive, by: 1000}",
        "providers.0.strategy={kind: conservative, by: 0.001}",
        "clients.strategy={kind: aggressive, by: 1000}",
        "electricity.beta=100",
        "clients.quality_usd=1e15",
        "providers.0.cost.base=1e15",
        "providers.0.input_ratio=1e9",
        "round_s=0.1",
        "round_s=1000",
        "demand.0.shape={turns: 1e9, answer_tokens: 1e9}",
        "demand.0.burstiness=1e-200",
    ],
)
def test_extreme_values_run_and_keep_every_invariant(
    scenario: Path, tmp_path: Path, setting: str
) -> None:
    settings = ("--set", setting, "--set", "compare=[]", "--set", "rounds=3")
    result = walras("run", scenario, "--out", tmp_path / "out", "--quiet", *settings)
    assert result.exit_code == 0, result.output
    check_run(tmp_path / "out")


def test_an_interrupted_run_keeps_what_was_committed(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_after_two_rounds(monkeypatch)
    out = tmp_path / "out"
    result = walras("run", scenario, "--out", out, "--set", "log.checkpoint_rounds=1")
    assert result.exit_code == 130
    assert f"interrupted; `walras resume {out}` goes on from the last commit" in result.stderr
    assert read_description(out).status == "interrupted"
    assert json.loads((out / "checkpoint.json").read_text())["round"] == 2


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        (["rounds=-1"], ["tiny.yaml: rounds", "-1"]),
        (["nonsense=1"], ["tiny.yaml: nonsense: unknown key"]),
        (["seed=2023-13-45"], ["--set seed", "not YAML that can be read"]),
        (
            ["providers.1.prior={kind: uniform, low: 1e-5, high: 1e-4}"],
            ["large-000: prior", "0.0001"],
        ),
        (["electricity.beta=1e300"], ["electricity.beta", "100"]),
        (["compare=[auction]"], ["compare", "'auction'"]),
        (["providers.0.chat_slots=.nan"], ["tiny.yaml: providers.0.chat_slots", "nan"]),
        (["demand.0.path=nowhere.json"], ["nowhere.json", "no such file"]),
        (["demand.0={kind: azure, path: nowhere.csv}"], ["nowhere.csv", "no such file"]),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_run(
    scenario: Path,
    tmp_path: Path,
    settings: list[str],
    parts: list[str],
) -> None:
    out = tmp_path / "out"
    options = [word for setting in settings for word in ("--set", setting)]
    assert_one_line_error(walras("run", scenario, "--out", out, *options), *parts)
    assert not out.exists()


def test_a_malformed_line_of_a_trace_is_named_and_leaves_no_run(
    scenario: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text(TRACE + "2023-11-16 18:15:47.0,many,44\n")
    demand = f"demand=[{{kind: azure, path: {trace}}}]"
    out = tmp_path / "out"
    result = walras("run", scenario, "--out", out, "--set", demand)
    assert_one_line_error(result, f"{trace}: line 3: ContextTokens", "'many'")
    assert not out.exists()


def test_a_node_of_a_file_that_nobody_can_do_is_named(scenario: Path, tmp_path: Path) -> None:
    file = tmp_path / "hard.json"
    nodes = [{"id": "proof", "output_tokens": 10, "difficulty": 9}]
    file.write_text(json.dumps({"nodes": nodes, "edges": []}))
    demand = f"demand=[{{kind: workflows, path: {file}, every_rounds: 1}}]"
    result = walras("run", scenario, "--out", tmp_path / "out", "--set", demand)
    assert_one_line_error(result, f"{file}: node 'proof'", "at most 3", "got 9")
    assert not (tmp_path / "out").exists()


def test_the_next_command_looks_at_what_there_is(scenario: Path, tmp_path: Path) -> None:
    demand = "demand=[{kind: workflows, names: [S3], every_rounds: 1, execution_token_scale: 1e-4}]"
    result = walras("run", scenario, "--out", tmp_path / "out", "--set", demand)
    assert "FROM workflows " in result.stdout
    assert "FROM requests " not in result.stdout


def test_a_trace_is_played(scenario: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text(TRACE)
    demand = f"demand=[{{kind: azure, path: {trace}}}]"
    out = tmp_path / "out"
    result = walras("run", scenario, "--out", out, "--set", demand, "--set", "compare=[]")
    assert result.exit_code == 0, result.output
    check_run(out)
    assert read_description(out).status == "complete"


def test_solve_prints_one_json_answer(tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(WORKFLOW))
    result = walras("solve", path)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["status"] == "optimal"
    assert answer["allocation"] == {"a": "p", "b": "p"}
    # nobody else can do it: all work is retained, and paid at the top of the prior
    assert answer["payments"]["p"] == pytest.approx(2000 * 3.0 / 1e6)


def test_solve_answers_a_jsonl_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "problems.jsonl"
    path.write_text(f"{json.dumps(WORKFLOW)}\n\n{json.dumps(MATCHING)}\n")
    result = walras("solve", path)
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["status"] for answer in answers] == ["optimal", "optimal"]
    assert answers[1]["welfare"] == 4.0
    assert answers[1]["match"] == [None, 0]
    # its cost of 1, and the 2 that the slot would be worth to the other request
    assert answers[1]["payments"] == [None, 3.0]


def changed(**changes: object) -> str:
    return json.dumps(WORKFLOW | changes)


PROVIDER = WORKFLOW["providers"][0]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("{", ["line 1 column 2", "not JSON"]),
        ("[]", ["expected an object with named keys, got []"]),
        ("{}", ["kind: missing"]),
        ('{"kind": "raffle"}', ["kind", "workflow, matching", "'raffle'"]),
        ('{"kind": "workflow", "kind": "matching"}', ["duplicate key 'kind'"]),
        (changed(extra=1), ["extra: unknown key"]),
        (changed(nodes=[]), ["nodes"]),
        (changed(nodes=[WORKFLOW["nodes"][0]] * 2), ["nodes.1.id", "duplicate id 'a'"]),
        (changed(providers=[PROVIDER] * 2), ["providers.1.id", "duplicate id 'p'"]),
        (changed(providers=[PROVIDER | {"bid": 9}]), ["providers.0.bid", "at most", "3; got 9"]),
        (changed(providers=[PROVIDER | {"bid": -0.1}]), ["providers.0.bid", ">= 0", "got -0.1"]),
        (changed(providers=[PROVIDER | {"bid": float("nan")}]), ["finite numbers, got NaN"]),
        (changed(providers=[PROVIDER | {"tier": 1}]), ["'b'", "tier >= 2"]),
        (json.dumps(MATCHING | {"capacities": [1, -1]}), ["capacities.1", "-1"]),
        (json.dumps(MATCHING | {"costs": [[1, 1], [1, 1]]}), ["costs.0.1", "null"]),
    ],
)
def test_a_bad_problem_is_one_line(tmp_path: Path, text: str, parts: list[str]) -> None:
    path = tmp_path / "problem.json"
    path.write_text(text)
    assert_one_line_error(walras("solve", path), str(path), *parts)


def test_a_bad_line_of_a_jsonl_is_named(tmp_path: Path) -> None:
    path = tmp_path / "problems.jsonl"
    path.write_text("\n[1]\n")
    assert_one_line_error(walras("solve", path), f"{path}: line 2")


def test_a_line_of_a_jsonl_ends_with_a_newline_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "problems.jsonl"
    owner = json.dumps(MATCHING | {"clients": ["a\u2028b", "c"]}, ensure_ascii=False)
    path.write_text(f"{owner}\r\n", encoding="utf-8")
    assert json.loads(walras("solve", path).stdout)["status"] == "optimal"


def test_a_missing_problem_is_named(tmp_path: Path) -> None:
    assert_one_line_error(walras("solve", tmp_path / "none.json"), "none.json", "no such file")


def test_help_names_every_command() -> None:
    result = walras("--help")
    assert result.exit_code == 0
    for command in ("run", "solve", "report"):
        assert command in result.stdout


def test_a_package_that_hides_ours_is_named(tmp_path: Path) -> None:
    impostor = tmp_path / "agents"
    impostor.mkdir()
    (impostor / "__init__.py").write_text("")
    result = subprocess.run(
        [sys.executable, "-c", "from orchestrator.cli import main; main()", "solve", "x.json"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert f"the package 'agents' at {impostor / '__init__.py'} hides ours" in line
