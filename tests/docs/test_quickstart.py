"""The quickstart page, as a newcomer types it."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    """What stands between fences of that language."""
    return [text for found, text in BLOCK.findall(PAGE) if found == language]


def commands() -> Iterator[list[str]]:
    """The commands of the page but for make's, which are tested by every build."""
    for line in "".join(blocks("")).splitlines():
        if line.startswith("walras "):
            yield shlex.split(line)


@pytest.mark.slow
def test_every_command_of_the_quickstart_works_in_an_empty_folder(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (sweep,) = blocks("yaml")
    (tmp_path / "sweep.yaml").write_text(sweep, encoding="utf-8")
    walras = str(Path(sys.executable).with_name("walras"))

    def typed(words: list[str]) -> None:
        done = subprocess.run(
            [walras, *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"

    demo = ["run", "examples/quickstart.yaml", "--ray", "off", "--out", "RUN"]
    typed([*demo, "--set", "rounds=6", "--set", "compare=[random]"])
    ran = list(commands())
    assert {words[1] for words in ran} >= {"report", "init", "run", "sweep", "solve", "audit"}
    for _, *words in ran:
        typed(words)
    for source in blocks("python"):
        subprocess.run([sys.executable, "-c", source], cwd=tmp_path, check=True)
