"""Packages as an installer leaves them, without one: modules and their metadata in a folder."""

from __future__ import annotations

import importlib
import shutil
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from market import plugins
from market.release import running_release

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugin"


def install(
    site: Path,
    name: str,
    entry_points: Mapping[str, Mapping[str, str]],
    modules: Mapping[str, str] | None = None,
    version: str = "1.0",
) -> Path:
    """Leave a package in ``site``: its ``modules`` by name, its entry points by group and name."""
    metadata = site / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir(parents=True)
    said = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (metadata / "METADATA").write_text(said, encoding="utf-8")
    lines = []
    for group, points in entry_points.items():
        lines += [f"[{group}]", *(f"{point} = {value}" for point, value in points.items()), ""]
    (metadata / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    for module, text in (modules or {}).items():
        (site / f"{module}.py").write_text(text, encoding="utf-8")
    return site


def install_example(site: Path, version: str | None = None) -> Path:
    """Leave the example package in ``site``, as its pyproject.toml says; or of another version."""
    project: dict[str, Any] = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))
    told = project["project"]
    install(site, told["name"], told["entry-points"], version=version or told["version"])
    for module in project["tool"]["setuptools"]["py-modules"]:
        shutil.copy(EXAMPLE / f"{module}.py", site)
    return site


@contextmanager
def on_path(site: Path) -> Iterator[None]:
    """This process finds what is installed in ``site``, and has forgotten it afterwards."""
    before = set(sys.modules)
    sys.path.insert(0, str(site))
    _forget()
    try:
        yield
    finally:
        sys.path.remove(str(site))
        _forget()
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(site)):
                del sys.modules[name]


def _forget() -> None:
    for known in (plugins.offered, plugins.modules, plugins.load, running_release):
        known.cache_clear()
    importlib.invalidate_caches()


@contextmanager
def off_path(site: Path) -> Iterator[None]:
    """This process no longer finds what it did find in ``site``, meanwhile."""
    sys.path.remove(str(site))
    _forget()
    try:
        yield
    finally:
        sys.path.insert(0, str(site))
        _forget()
