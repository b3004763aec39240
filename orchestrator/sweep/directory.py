"""A sweep's directory: what ``sweep.json`` says of it, and who may write there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from market.errors import BadInput
from market.fields import shown, shown_key
from orchestrator.log.durable import refusals_told, temporary, write_json_atomically
from orchestrator.reading.json_text import parse_json
from orchestrator.reading.text_file import read_text
from orchestrator.runs.directory import check_directory
from orchestrator.runs.lock import LOCK, RunLock
from orchestrator.sweep.sweep import Arm, Sweep
from orchestrator.sweep.tables import TABLE_FILES
from orchestrator.sweep.trial import FIGURES, RUNS

SWEEP_FILE = "sweep.json"
SWEEP_VERSION = 1

_ABSENT = object()


def is_sweep(path: Path) -> bool:
    """Whether a sweep was begun there."""
    return (path / SWEEP_FILE).is_file()


def read_sweep(directory: Path) -> Sweep:
    """The sweep that was begun in a directory.

    Raises:
        BadInput: there is none, or it is not one of ours.
    """
    path = directory / SWEEP_FILE
    said = _said(directory)
    try:
        return Sweep.model_validate(said["sweep"])
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise BadInput(f"{path}: sweep.{where}", problem["msg"]) from None


def check_sweep_directory(sweep: Sweep, directory: Path, *, force: bool) -> None:
    """Whether a sweep may be run there, or gone on with; nothing is changed.

    A sweep that was begun there may have more seeds, arms and metrics now, and another baseline.

    Raises:
        BadInput: something else is there, or another sweep than this one.
    """
    if not is_sweep(directory):
        if not directory.exists():
            check_directory(directory, force=False)
        elif not _is_empty(directory):
            problem = f"expected an empty directory or a sweep's, got one without {SWEEP_FILE}"
            raise BadInput(str(directory), problem)
        return
    change = None if force else _change(read_sweep(directory), sweep)
    if change is not None:
        raise BadInput(
            str(directory),
            f"was begun as another sweep: {change}; --out names another directory, --force "
            "replaces this one",
        )


def _is_empty(path: Path) -> bool:
    """Whether a directory has nothing in it but what a sweep leaves that is killed as it begins."""
    first = {LOCK, temporary(path / SWEEP_FILE).name}
    return path.is_dir() and all(entry.name in first for entry in path.iterdir())


@contextmanager
def sweep_held(sweep: Sweep, directory: Path, *, force: bool) -> Iterator[None]:
    """Hold a directory in which nobody else runs the sweep; what is there stays, unless forced.

    Raises:
        BadInput: see ``check_sweep_directory``, or another process runs a sweep there.
        NotWritten: it cannot be written there.
    """
    check_sweep_directory(sweep, directory, force=force)
    with refusals_told(directory):
        directory.mkdir(parents=True, exist_ok=True)
    with RunLock(directory, patience_s=0):
        check_sweep_directory(sweep, directory, force=force)
        with refusals_told(directory):
            if force:
                _remove_sweep(directory)
            said = {"sweep_version": SWEEP_VERSION, "sweep": sweep.model_dump(mode="json")}
            if not is_sweep(directory) or _said(directory) != said:
                write_json_atomically(directory / SWEEP_FILE, said)
        yield


def _said(directory: Path) -> dict[str, Any]:
    path = directory / SWEEP_FILE
    if not is_sweep(directory):
        raise BadInput(str(directory), f"expected a sweep's directory with a {SWEEP_FILE} in it")
    try:
        said = parse_json(read_text(path))
    except BadInput as error:
        raise error.inside(str(path)) from None
    version = said.get("sweep_version") if isinstance(said, dict) else None
    if version != SWEEP_VERSION or not isinstance(said.get("sweep"), dict):
        problem = f"expected {SWEEP_VERSION} and a sweep, got {shown(version)}"
        raise BadInput(f"{path}: sweep_version", problem)
    return dict(said)


def _remove_sweep(directory: Path) -> None:
    """Remove what a sweep wrote, and nothing else; last what says that it is one."""
    for name in (RUNS, FIGURES):
        if (directory / name).is_dir():
            shutil.rmtree(directory / name)
    for name in (*TABLE_FILES, SWEEP_FILE):
        (directory / name).unlink(missing_ok=True)


def _change(before: Sweep, now: Sweep) -> str | None:
    """What was run and is now gone or another, as a clause; None where only more is asked for."""
    if before.keep != now.keep:
        return f"keep was {before.keep} and is {now.keep}"
    if gone := sorted(set(before.seeds) - set(now.seeds)):
        return f"seeds had {gone[0]}"
    more = [name for name in now.metrics if name not in before.metrics]
    if more and before.keep == "results":
        return f"metrics had no {more[0]}, which cannot be taken without the logs"
    scenarios = {arm.name: _as_run(arm) for arm in now.arms}
    for arm in before.arms:
        if arm.name not in scenarios:
            return f"there was an arm {arm.name}"
        change = _first_change(_as_run(arm), scenarios[arm.name], f"arms.{arm.name}.scenario")
        if change is not None:
            return change
    return None


def _as_run(arm: Arm) -> dict[str, Any]:
    """The scenario of an arm but for the seed, which every trial sets."""
    return arm.scenario.model_dump(mode="json", exclude={"seed"})


def _first_change(before: Any, now: Any, where: str) -> str | None:
    """The first difference of two JSON values, as a clause that names the place; None if none."""
    if isinstance(before, dict) and isinstance(now, dict):
        keys: list[Any] = list(dict.fromkeys([*before, *now]))
        pairs = [(before.get(key, _ABSENT), now.get(key, _ABSENT)) for key in keys]
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        keys = [_name(one, index) for index, one in enumerate(before)]
        pairs = list(zip(before, now, strict=True))
    elif before == now and type(before) is type(now):
        return None
    else:
        there, here = (_shown(value) for value in (before, now))
        return f"{where} was {there} and is {here}"
    for key, (old, new) in zip(keys, pairs, strict=True):
        change = _first_change(old, new, f"{where}.{shown_key(key)}")
        if change is not None:
            return change
    return None


def _name(item: Any, index: int) -> str:
    """A record of a list by its name, as a provider group has one."""
    return str(item.get("name", index)) if isinstance(item, dict) else str(index)


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "absent"
    if isinstance(value, list) and len(value) > 3:
        return f"{len(value)} values ({shown(json.dumps(value))})"
    return shown(value)
