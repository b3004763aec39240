"""What the README shows works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from market import solve
from orchestrator.problem_file import solve_file
from tests.markets import run_market, small_market

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_market(small_market(), tmp_path_factory.mktemp("readme") / "run")


def test_there_are_three_queries() -> None:
    assert len(QUERIES) == 3


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_a_query_works_on_a_run(query: str, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run)
    assert duckdb.sql(query).fetchall()


def test_the_snippet_runs() -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, object] = {}
    exec(snippet, names)
    assert names["answer"] == solve(
        {"kind": "matching", "values": [[3.0, None]], "costs": [[1.0, None]], "capacities": [2, 1]}
    )


def test_the_example_problem_is_solved() -> None:
    (answer,) = solve_file(ROOT / "examples" / "workflow.json")
    assert '"status": "optimal"' in answer
