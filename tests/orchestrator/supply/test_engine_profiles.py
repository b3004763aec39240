from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

import pytest

from agents.engine.profiles import DEFAULT_PROFILE, ENGINE_PROFILES
from market.errors import BadInput
from orchestrator.supply.engine_profiles import names_file, read_profile

RECORD = asdict(ENGINE_PROFILES[DEFAULT_PROFILE])


def test_a_file_s_profile_is_a_record_for_the_scenario(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(RECORD | {"name": "mine"}))
    assert read_profile(path) == RECORD | {"name": "mine"}


def test_only_a_path_that_ends_like_one_names_a_file() -> None:
    assert names_file("folder/mine.json")
    assert not any(names_file(choice) for choice in (DEFAULT_PROFILE, RECORD, None, 3))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (json.dumps(RECORD | {"step_s": -1}), r"mine\.json: step_s: expected .*, got -1"),
        (json.dumps(RECORD | {"step_s": math.nan}), r"mine\.json: expected finite numbers"),
        ("{", r"mine\.json: line 1 column 2: not JSON"),
        ("[]", r"mine\.json: expected an object with named keys, got \[\]"),
    ],
)
def test_a_malformed_file_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "mine.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=complaint):
        read_profile(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"mine\.json: no such file"):
        read_profile(tmp_path / "mine.json")
