"""The file ``run.json`` of a run, whatever it says: is it there, and of our version?"""

from __future__ import annotations

from pathlib import Path

from market.errors import BadInput
from market.fields import shown
from orchestrator.log.schema import SCHEMA_VERSION
from orchestrator.reading.json_text import parse_json
from orchestrator.reading.text_file import read_text

RUN_FILE = "run.json"


def read_run_file(run: Path) -> str:
    """The text of a run's ``run.json``.

    Raises:
        BadInput: there is none, or its log is of another version than ours.
    """
    path = run / RUN_FILE
    if not _is_file(path):
        raise BadInput(str(run), f"expected a run's directory with a {RUN_FILE} in it")
    text = read_text(path)
    try:
        said = parse_json(text)
    except BadInput as error:
        raise error.inside(str(path)) from None
    version = said.get("schema_version") if isinstance(said, dict) else None
    if version != SCHEMA_VERSION:
        place = f"{path}: schema_version"
        raise BadInput(place, f"expected {SCHEMA_VERSION}, got {shown(version)}")
    return text


def _is_file(path: Path) -> bool:
    """Whether there is one; there is none of a name that no file can have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
