"""Engine profiles in files, as ``walras calibrate`` writes them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from agents.engine.profiles import profile_from
from market.errors import BadInput
from orchestrator.reading.json_text import parse_json
from orchestrator.reading.text_file import read_text

SUFFIX = ".json"


def names_file(choice: object) -> bool:
    """Whether a scenario's ``profile`` is a file's path, and no name."""
    return isinstance(choice, str) and choice.endswith(SUFFIX)


def read_profile(path: Path) -> dict[str, Any]:
    """The profile of a file, as a record that can stand in a scenario.

    Raises:
        BadInput: names the file, the key, the value and what was expected.
    """
    text = read_text(path)
    try:
        return asdict(profile_from(parse_json(text)))
    except BadInput as error:
        raise error.inside(str(path)) from None
