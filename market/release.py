"""Which Walras runs in a process: its version, its source, packages and plug-ins that decide."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path

from market import plugins

#: The packages whose code decides what a market does.
DECIDING = ("walras", "numpy", "scipy", "highspy", "networkx", "numba", "river")

SOURCE = ("market", "agents", "hubs", "orchestrator")


@dataclass(frozen=True)
class Release:
    """What two processes must have in common to take part in one market.

    Attributes:
        versions: of Python and of the packages that decide.
        source: SHA-256 of our own source.
        plugins: by key, the plug-ins that are needed, or all that are there.
    """

    versions: Mapping[str, str]
    source: str
    plugins: Mapping[str, str] = field(default_factory=dict)

    def difference_from(self, other: Release) -> str | None:
        """The first thing that differs from ``other``, as a clause; None if nothing does.

        More plug-ins than ``other`` has are no difference: nobody there has named them.
        """
        for name in sorted({*self.versions, *other.versions}):
            ours, theirs = (one.versions.get(name, "of no version") for one in (self, other))
            if ours != theirs:
                return f"runs {name} {ours}, expected {theirs}"
        if self.source != other.source:
            return f"runs source {self.source[:12]}, expected {other.source[:12]}"
        for name, theirs in other.plugins.items():
            ours = self.plugins.get(name, "of no version")
            if ours != theirs:
                return f"runs {name} {ours}, expected {theirs}"
        return None


@cache
def running_release() -> Release:
    """The release that runs in this process."""
    versions = {"python": platform.python_version()}
    return Release(
        versions=versions | {package: version(package) for package in DECIDING},
        source=source_hash(Path(__file__).resolve().parents[1]),
        plugins={
            key: found[0].release for key, found in plugins.offered().items() if len(found) == 1
        },
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
