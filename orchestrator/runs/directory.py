"""A run's directory: where it is, and what ``run.json`` says of it."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from market.errors import BadInput, NotWritten
from market.release import running_release
from orchestrator.log.checkpoint import CHECKPOINT, PENDING
from orchestrator.log.durable import refusals_told, temporary, write_json_atomically
from orchestrator.log.schema import SCHEMA_VERSION
from orchestrator.log.tables import TABLES
from orchestrator.reading.json_text import parse_json
from orchestrator.runs.lock import LOCK, RunLock
from orchestrator.runs.run_file import RUN_FILE, read_run_file
from orchestrator.scenario.model import Scenario
from orchestrator.scenario.needed_plugins import missing_plugin, needed_plugins

REPORT_FILE = "report.html"

#: Where a run under way keeps what it needs to be gone on with.
STATE = ".state"

#: Where a run keeps the runs of the same tape under other mechanisms.
COMPARED = "compared"

Status = Literal["running", "complete", "interrupted"]


class Resumed(BaseModel):
    """Where a run went on after it had been stopped: after which round of which trial, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trial: int
    round: int
    utc: str


class RunDescription(BaseModel):
    """What ``run.json`` says: what is run, with which versions, and how far it came.

    A run that died without a word still says ``running``; ``resumed`` is each time that it went on
    afterwards. The log's digests begin with what is run, not with how it went.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int
    status: Status
    name: str
    seed: int
    versions: dict[str, str]
    scenario: Scenario
    resumed: tuple[Resumed, ...] = ()


def read_description(run: Path) -> RunDescription:
    """What ``run.json`` says.

    Raises:
        BadInput: there is none, or it is not one of ours.
    """
    path, text = run / RUN_FILE, read_run_file(run)
    try:
        return RunDescription.model_validate_json(text)
    except ValidationError as error:
        if missing := missing_plugin(parse_json(text).get("versions")):
            raise BadInput(str(path), f"needs {missing}, which is not installed here") from None
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        place = f"{path}: {where}" if where else str(path)
        raise BadInput(place, f"is not what a run says of itself: {problem['msg']}") from None


def write_description(run: Path, name: str, scenario: Scenario, status: Status) -> None:
    """Write ``run.json``.

    Raises:
        NotWritten: it cannot be, nor changed by ``set_status``, ``note_resumed`` and others.
    """
    description = RunDescription(
        schema_version=SCHEMA_VERSION,
        status=status,
        name=name,
        seed=scenario.seed,
        versions={
            **running_release().versions,
            "pyarrow": version("pyarrow"),
            **needed_plugins(scenario),
        },
        scenario=scenario,
    )
    _write(run, description.model_dump(mode="json"))


def set_status(run: Path, status: Status) -> None:
    """Let ``run.json`` say how far the run came; the rest stays as it is."""
    _describe(run, status=status)


def note_resumed(run: Path, trial: int, round_: int) -> None:
    """Let ``run.json`` say that the run goes on, now, after a round of a trial."""
    utc = datetime.now(UTC).isoformat(timespec="seconds")
    before = read_description(run).resumed
    _describe(run, resumed=(*before, Resumed(trial=trial, round=round_, utc=utc)))


def mark_interrupted(run: Path) -> None:
    """Let the descriptions of a run, and of those it is compared with, no longer say running.

    For whoever holds the run's lock.
    """
    for directory in (run, *(run / COMPARED).glob("*")):
        if (directory / RUN_FILE).is_file() and read_description(directory).status == "running":
            set_status(directory, "interrupted")


def stopped(run: Path) -> None:
    """Let the descriptions of a run that no longer runs say so, unless somebody else runs it."""
    with suppress(BadInput, NotWritten), RunLock(run):
        mark_interrupted(run)


def _describe(run: Path, **changes: Any) -> None:
    """Change what is said of how the run went; what is run stays as it is, to the letter."""
    described = read_description(run).model_copy(update=changes).model_dump(mode="json")
    said = parse_json(read_run_file(run))
    said |= {name: described[name] for name in changes}
    _write(run, said)


def _write(run: Path, said: dict[str, Any]) -> None:
    with refusals_told(run / RUN_FILE):
        write_json_atomically(run / RUN_FILE, said)


def default_directory(name: str, seed: int) -> Path:
    """``runs/<scenario>/<UTC time>-s<seed>``, or with a number behind it where that is taken."""
    stem = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-s{seed}"
    path = Path("runs") / name / stem
    number = 2
    while path.exists():
        path = path.with_name(f"{stem}-{number}")
        number += 1
    return path


def check_directory(path: Path, *, force: bool) -> None:
    """Whether a run may go there; nothing is changed.

    Raises:
        BadInput: something is there already, and may not be replaced, or is being written.
    """
    try:
        if path.exists() and not _is_empty(path):
            if not force:
                raise BadInput(str(path), "exists already; --force replaces a run")
            _check_ours(path)
            _check_nobody_writes(path)
        whole = path.absolute()
        home = next(place for place in (whole, *whole.parents) if place.exists())
        if not home.is_dir() or not os.access(home, os.W_OK):
            raise BadInput(str(path), f"cannot be made: {home} is no directory to write in")
    except OSError as error:
        raise BadInput(str(path), f"cannot be made: {error.strerror}") from None


def prepare_directory(path: Path, *, force: bool) -> None:
    """Make an empty directory for a run.

    Raises:
        BadInput: something is there already, and may not be replaced or written.
    """
    check_directory(path, force=force)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with RunLock(path, patience_s=0):
            _remove_run(path)
    except OSError as error:
        raise BadInput(str(path), f"cannot be made: {error.strerror}") from None


def _check_ours(path: Path) -> None:
    try:
        described = json.loads((path / RUN_FILE).read_text(encoding="utf-8"))
        is_ours = {"schema_version", "scenario"} <= described.keys()
    except (OSError, ValueError, AttributeError):
        is_ours = False
    if not is_ours:
        raise BadInput(str(path), f"has no {RUN_FILE} of ours, so --force leaves it alone")


def _is_empty(path: Path) -> bool:
    """Whether a directory has nothing in it but what a run leaves that is killed as it begins."""
    first = {LOCK, temporary(path / RUN_FILE).name}
    return path.is_dir() and all(entry.name in first for entry in path.iterdir())


def _check_nobody_writes(path: Path) -> None:
    if (path / LOCK).exists():
        with RunLock(path, patience_s=0):
            pass


def _remove_run(path: Path) -> None:
    """Remove what a run wrote into a directory, and nothing else; last what says that it is one."""
    for name in (*TABLES, PENDING, STATE, COMPARED):
        if (path / name).is_dir():
            shutil.rmtree(path / name)
    for name in (CHECKPOINT, REPORT_FILE, RUN_FILE):
        for file in (temporary(path / name), path / name):
            file.unlink(missing_ok=True)
