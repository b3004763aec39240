"""Which Walras runs in a process: its version, its source, and the packages that shape its rows."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

#: The packages whose code decides what a market does.
DECIDING = ("walras", "numpy", "scipy", "highspy", "networkx", "numba", "river")

SOURCE = ("market", "agents", "hubs", "orchestrator")


@dataclass(frozen=True)
class Release:
    """What two processes must have in common to take part in one market.

    Attributes:
        versions: of Python and of the packages that decide.
        source: SHA-256 of our own source.
    """

    versions: Mapping[str, str]
    source: str

    def difference_from(self, other: Release) -> str | None:
        """The first thing that differs from ``other``, as a clause; None if nothing does."""
        for name in sorted({*self.versions, *other.versions}):
            ours, theirs = (one.versions.get(name, "of no version") for one in (self, other))
            if ours != theirs:
                return f"runs {name} {ours}, expected {theirs}"
        if self.source != other.source:
            return f"runs source {self.source[:12]}, expected {other.source[:12]}"
        return None


@cache
def running_release() -> Release:
    """The release that runs in this process."""
    versions = {"python": platform.python_version()}
    return Release(
        versions=versions | {package: version(package) for package in DECIDING},
        source=source_hash(Path(__file__).resolve().parents[1]),
    )


def source_hash(home: Path) -> str:
    """SHA-256 over the names and contents of our Python files below ``home``."""
    digest = hashlib.sha256()
    for package in SOURCE:
        for path in sorted((home / package).rglob("*.py")):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(home).as_posix()}\n{len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()
