from __future__ import annotations

import pickle
import shutil
from dataclasses import replace
from pathlib import Path

from market.release import SOURCE, running_release, source_hash

ROOT = Path(__file__).resolve().parents[2]


def test_a_release_does_not_differ_from_itself() -> None:
    ours = running_release()
    assert ours.difference_from(pickle.loads(pickle.dumps(ours))) is None


def test_another_version_of_a_package_is_named_with_both() -> None:
    ours = running_release()
    other = replace(ours, versions={**ours.versions, "river": "0.1"})
    assert other.difference_from(ours) == f"runs river 0.1, expected {ours.versions['river']}"


def test_a_package_that_only_one_knows_of_is_a_difference() -> None:
    ours = running_release()
    more = replace(ours, versions={**ours.versions, "vllm": "1"})
    assert more.difference_from(ours) == "runs vllm 1, expected of no version"
    assert ours.difference_from(more) == "runs vllm of no version, expected 1"


def test_another_source_is_named_by_its_hash() -> None:
    ours = running_release()
    difference = replace(ours, source="f" * 64).difference_from(ours)
    assert difference == f"runs source ffffffffffff, expected {ours.source[:12]}"


def test_every_change_of_a_python_file_changes_the_source(tmp_path: Path) -> None:
    for package in SOURCE:
        shutil.copytree(ROOT / package, tmp_path / package)
    assert source_hash(tmp_path) == source_hash(ROOT) == running_release().source
    seen = {source_hash(tmp_path)}
    file = tmp_path / "hubs" / "ledger.py"
    file.write_text(file.read_text() + "# more\n")
    seen.add(source_hash(tmp_path))
    file.rename(file.with_name("book.py"))
    seen.add(source_hash(tmp_path))
    (tmp_path / "agents" / "empty.py").touch()
    seen.add(source_hash(tmp_path))
    (tmp_path / "agents" / "notes.txt").write_text("not source")
    seen.add(source_hash(tmp_path))
    assert len(seen) == 4
