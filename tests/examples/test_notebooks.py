from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples" / "notebooks"
NAMES = ("iemas-market", "star-market")

notebooks = pytest.mark.parametrize("name", NAMES)


def cells(name: str) -> list[dict[str, Any]]:
    document = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = document["cells"]
    return found


def test_every_notebook_is_tested() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == sorted(NAMES)


@notebooks
def test_a_notebook_is_kept_without_outputs_and_without_a_machine(name: str) -> None:
    document = nbformat.read(FOLDER / f"{name}.ipynb", nbformat.NO_CONVERT)
    nbformat.validate(document)
    assert document.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in document.cells:
        assert cell.metadata == {}
        assert cell.cell_type == "markdown" or (cell.outputs, cell.execution_count) == ([], None)


@notebooks
def test_a_notebook_speaks_before_it_computes(name: str) -> None:
    kinds = [cell["cell_type"] for cell in cells(name)]
    assert kinds[0] == "markdown"
    assert kinds.count("markdown") >= 10
    prose = "".join("".join(one["source"]) for one in cells(name) if one["cell_type"] == "markdown")
    pages = set(re.findall(r"(?:docs|examples)/[\w/.-]+\.\w+", prose))
    assert len(pages) >= 3
    assert [page for page in sorted(pages) if not (ROOT / page).exists()] == []


@pytest.mark.slow
@notebooks
def test_a_notebook_runs_and_its_assertions_hold(name: str) -> None:
    document = nbformat.read(FOLDER / f"{name}.ipynb", nbformat.NO_CONVERT)
    place = {"metadata": {"path": str(FOLDER)}}
    NotebookClient(document, timeout=300, kernel_name="python3", resources=place).execute()
    figures = [
        output
        for cell in document.cells
        for output in cell.get("outputs", ())
        if "application/vnd.plotly.v1+json" in output.get("data", {})
    ]
    assert len(figures) >= 5
