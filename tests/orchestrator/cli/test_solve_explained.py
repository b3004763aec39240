"""``walras solve --explain``: words instead of an answer."""

from __future__ import annotations

import json
from pathlib import Path

from market import explain, solve
from market.explaining import explain_in_words
from tests.command import assert_one_line_error
from tests.orchestrator.cli.test_cli import MATCHING, WORKFLOW, walras


def test_a_problem_is_explained_in_words(tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(WORKFLOW))
    result = walras("solve", "--explain", path)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == explain_in_words(WORKFLOW)
    assert "p won a and b: 2,000 tokens" in result.stdout


def test_explanations_of_a_jsonl_are_set_apart_by_a_blank_line(tmp_path: Path) -> None:
    path = tmp_path / "problems.jsonl"
    path.write_text(f"{json.dumps(MATCHING)}\n\n{json.dumps(WORKFLOW)}\n")
    result = walras("solve", "--explain", path)
    expected = [*explain_in_words(MATCHING), "", *explain_in_words(WORKFLOW)]
    assert result.stdout.splitlines() == expected


def test_with_json_the_explanation_is_what_python_gets(tmp_path: Path) -> None:
    path = tmp_path / "problems.jsonl"
    path.write_text(f"{json.dumps(MATCHING)}\n{json.dumps(WORKFLOW)}\n")
    lines = walras("solve", "--explain", "--json", path).stdout.splitlines()
    expected = [json.loads(json.dumps(explain(problem))) for problem in (MATCHING, WORKFLOW)]
    assert [json.loads(line) for line in lines] == expected


def test_without_explain_json_is_what_there_is_anyway(tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(WORKFLOW))
    assert json.loads(walras("solve", "--json", path).stdout) == solve(WORKFLOW)


def test_a_problem_that_cannot_be_solved_is_named_as_without(tmp_path: Path) -> None:
    path = tmp_path / "problems.jsonl"
    nodes = [{"id": "a", "output_tokens": 1, "difficulty": 9}]
    path.write_text(f"{json.dumps(WORKFLOW | {'nodes': nodes, 'edges': []})}\n")
    result = walras("solve", "--explain", path)
    assert_one_line_error(result, f"{path}: line 1", "'a'", "tier >= 9")
    path.write_text('{"kind": "raffle"}\n')
    assert_one_line_error(walras("solve", "--explain", path), "workflow, matching", "'raffle'")
