"""One sweep that is over, for all files that only look at it or copy it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result

from tests.orchestrator.sweep.sweeps import walras_sweep, write_sweep


@dataclass(frozen=True)
class Done:
    """A sweep's file, where it was run, and what the command said."""

    file: Path
    directory: Path
    result: Result


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("sweep")
    file, directory = write_sweep(folder), folder / "out"
    return Done(file, directory, walras_sweep(file, "--out", directory))


@pytest.fixture
def copy(done: Done, tmp_path: Path) -> Path:
    """A copy of the sweep's directory, to do with as one likes."""
    return Path(shutil.copytree(done.directory, tmp_path / "copy"))
