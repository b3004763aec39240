"""Whoever clones the repository has all of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("market", "agents", "hubs", "orchestrator", "benchmarks", "tests", "docs", "examples")


@pytest.mark.skipif(
    not (ROOT / ".git").exists() or shutil.which("git") is None, reason="not a checkout of git"
)
def test_git_ignores_no_module_of_ours() -> None:
    asked = ["git", "ls-files", "--others", "--ignored", "--exclude-standard", "--", *OURS]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [file for file in listed.splitlines() if file.endswith(".py")] == []
