"""Writes what the certifier says beside the problems: ``python -m tests.exact.regenerate``."""

from __future__ import annotations

from pathlib import Path

from tests.exact.library import FOLDER, INDEX, index, instances


def regenerate(folder: Path = FOLDER) -> None:
    """Renew every file that follows from the problems, and say which ones changed."""
    for instance in instances(folder):
        for name, text in instance.files().items():
            _renew(instance.folder / name, text)
    _renew(folder / INDEX, index(folder))


def _renew(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.parent.name}/{path.name}")


if __name__ == "__main__":
    regenerate()
