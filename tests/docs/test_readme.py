"""What the README shows works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from market import solve
from orchestrator.problem_file import solve_file
from tests.markets import run_market, small_market

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_market(small_market(), tmp_path_factory.mktemp("readme") / "run")


def test_an_auction_is_solved_from_python() -> None:
    names: dict[str, object] = {}
    exec(SNIPPETS[0], names)
    assert names["answer"] == solve(
        {"kind": "matching", "values": [[3.0, None]], "costs": [[1.0, None]], "capacities": [2, 1]}
    )


def test_a_run_is_read_from_python(run: Path) -> None:
    opened, _, reading = SNIPPETS[1].partition("run = open_run(")
    names: dict[str, Any] = {}
    exec(f"{opened}run = open_run({str(run)!r}){reading.partition(')')[2]}", names)
    assert names["run"].path == run


def test_there_are_no_other_snippets() -> None:
    assert len(SNIPPETS) == 2


def test_the_example_problem_is_solved() -> None:
    (answer,) = solve_file(ROOT / "examples" / "workflow.json")
    assert '"status": "optimal"' in answer
