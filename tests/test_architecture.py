"""Who may import what, checked file by file; import-linter checks the layers."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("market", "agents", "hubs", "orchestrator")

#: Where a package may be imported; nowhere else.
HOMES = {
    "highspy": ("market/workflow/highs.py",),
    "numba": ("market/compiled.py",),
    "pylmcf": ("market/matching/network_simplex.py",),
    "river": ("hubs/",),
    "rouge_score": ("agents/quality/rouge_l.py",),
    "pyarrow": ("orchestrator/",),
    "plotly": ("orchestrator/report/",),
    "click": ("orchestrator/cli/", "orchestrator/reference/command_line.py"),
    "yaml": ("orchestrator/",),
    "time": ("agents/engine/wall_clock.py", "orchestrator/"),
    "ray": (
        "agents/actor.py",
        "hubs/actor.py",
        "orchestrator/on_ray/actor.py",
        "orchestrator/on_ray/driver.py",
        "orchestrator/on_ray/process.py",
        "orchestrator/on_ray/reservation.py",
        "orchestrator/on_ray/runtime.py",
        "orchestrator/on_ray/sweep.py",
    ),
    "openai": ("agents/openai_engine.py",),
    "vllm": ("agents/vllm_engine.py",),
    "random": (),
}


def imports() -> Iterator[tuple[str, str]]:
    """Every (file, top-level module) that one of our packages imports."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            file = path.relative_to(ROOT).as_posix()
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    yield from ((file, alias.name.split(".")[0]) for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module:
                    yield file, node.module.split(".")[0]


@pytest.mark.parametrize("module", HOMES)
def test_a_package_is_imported_only_where_it_belongs(module: str) -> None:
    users = [file for file, imported in imports() if imported == module]
    assert [file for file in users if not file.startswith(HOMES[module])] == []
    assert users or not HOMES[module]


def test_nobody_calls_hash_or_draws_from_a_global_generator() -> None:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    called = ast.unparse(node.func)
                    assert called != "hash", path
                    assert not called.startswith("np.random.") or called in (
                        "np.random.default_rng",
                        "np.random.SeedSequence",
                    ), path


def test_the_market_stands_alone() -> None:
    script = (
        "import sys, market; "
        "heavy = {'agents', 'hubs', 'orchestrator', 'river', 'pyarrow', 'pydantic', 'rich'}; "
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
