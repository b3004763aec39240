"""A run's directory: where it is, and what ``run.json`` says of it."""

from __future__ import annotations

import platform
import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from market.errors import BadInput
from orchestrator.log.reader import RUN_FILE, read_description
from orchestrator.log.schema import SCHEMA_VERSION
from orchestrator.log.writer import write_json_atomically
from orchestrator.scenario import Scenario

RUNNING, COMPLETE, INTERRUPTED = "running", "complete", "interrupted"

#: Where a run keeps the runs of the same tape under other mechanisms.
COMPARED = "compared"

PACKAGES = ("walras", "numpy", "scipy", "highspy", "networkx", "river", "pyarrow")


def default_directory(name: str, seed: int) -> Path:
    """``runs/<scenario>/<UTC time>-s<seed>``, or with a number behind it where that is taken."""
    stem = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-s{seed}"
    path = Path("runs") / name / stem
    number = 2
    while path.exists():
        path = path.with_name(f"{stem}-{number}")
        number += 1
    return path


def prepare_directory(path: Path, *, force: bool) -> None:
    """Make an empty directory for a run.

    Raises:
        BadInput: something is there already, and may not be replaced or written.
    """
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        if not force:
            raise BadInput(str(path), "exists already; --force replaces a run")
        try:
            read_description(path)
        except BadInput:
            raise BadInput(str(path), "is not a run of ours, so --force leaves it alone") from None
        shutil.rmtree(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(str(path), f"cannot be made: {error.strerror}") from None


def write_description(path: Path, name: str, scenario: Scenario, status: str) -> None:
    """Say in ``run.json`` what is run, with which versions, and how far it came."""
    content: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "status": status,
        "name": name,
        "seed": scenario.seed,
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in PACKAGES},
        },
        "scenario": scenario.model_dump(mode="json", exclude_defaults=False),
    }
    write_json_atomically(path / RUN_FILE, content)
