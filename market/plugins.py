"""Plug-ins: what other packages offer to the market by entry points, loaded when it is named.

An entry point has a group, which is a role, and a name, which a scenario gives. What there is
stands in the metadata of the installed packages: nothing is imported before somebody names it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import Distribution, EntryPoint, distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from market.errors import BadInput
from market.fields import shown

MECHANISMS = "walras.mechanisms"
ROUTERS = "walras.routers"
WORKFLOW_MECHANISMS = "walras.workflow_mechanisms"
STRATEGIES = "walras.strategies"
ENGINES = "walras.engines"
DEMAND = "walras.demand"

GROUPS = (MECHANISMS, ROUTERS, WORKFLOW_MECHANISMS, STRATEGIES, ENGINES, DEMAND)

#: Names stand in scenarios and in the names of folders.
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")


@dataclass(frozen=True)
class Plugin:
    """One entry point of an installed package; ``points_to`` is module:attribute."""

    group: str
    name: str
    points_to: str
    package: str
    version: str

    def __str__(self) -> str:
        return f"the plug-in {self.package} {self.version} ({self.key} = {self.points_to})"

    @property
    def key(self) -> str:
        """By which a release and ``run.json`` know it."""
        return f"{self.group}:{self.name}"

    @property
    def top_module(self) -> str:
        """The package or the module, at the top, that it is in."""
        return re.split(r"[.:\s]", self.points_to.strip(), maxsplit=1)[0]

    @cached_property
    def release(self) -> str:
        """What must be the same wherever it runs: package, version and source."""
        return f"{self.package} {self.version}, source {_source_hash(self.top_module)}"

    def wrong(self, problem: str) -> BadInput:
        """That what it names is not what its role asks for."""
        return BadInput("", f"{self}: {problem}")


@cache
def load(plugin: Plugin) -> Any:
    """What a plug-in names; its package is imported.

    Raises:
        BadInput: it cannot be; names the package, the entry point and the reason.
    """
    try:
        return EntryPoint(plugin.name, plugin.points_to, plugin.group).load()
    except (Exception, SystemExit) as error:  # whatever somebody else's module raises
        raise plugin.wrong(f"cannot be loaded: {type(error).__name__}: {error}") from error


@cache
def offered() -> Mapping[str, tuple[Plugin, ...]]:
    """All plug-ins of the installed packages, by key; one of each unless packages clash."""
    found: dict[str, tuple[Plugin, ...]] = {}
    packages: set[str] = set()
    for distribution in distributions():
        text = distribution.read_text("entry_points.txt") or ""
        if "walras." not in text or distribution.name in packages:
            continue  # of two copies of a package, the one first on the path counts
        packages.add(distribution.name)
        for plugin in _plugins_of(distribution):
            found[plugin.key] = (*found.get(plugin.key, ()), plugin)
    return found


def _plugins_of(distribution: Distribution) -> list[Plugin]:
    return [
        Plugin(point.group, point.name, point.value, distribution.name, distribution.version)
        for point in distribution.entry_points
        if point.group in GROUPS
    ]


@cache
def modules() -> frozenset[str]:
    """The packages and modules, at the top, that plug-ins are in."""
    return frozenset(one.top_module for plugins in offered().values() for one in plugins)


@dataclass(frozen=True)
class Role:
    """What a name may stand for: the ``built_in`` ones, and plug-ins of the ``groups``."""

    groups: tuple[str, ...]
    built_in: Collection[str]

    @property
    def plugins(self) -> tuple[str, ...]:
        """The names of the plug-ins."""
        plugins = [one for some in offered().values() for one in some if one.group in self.groups]
        return tuple(sorted({one.name for one in plugins}.difference(self.built_in)))

    @property
    def choices(self) -> str:
        """All names, for a message."""
        names = ", ".join(self.built_in)
        return f"{names}, or of the plug-ins {', '.join(self.plugins)}" if self.plugins else names

    def find(self, name: str) -> Plugin | None:
        """The plug-in of that name; None where it is built in, or nobody has it.

        Raises:
            BadInput: a plug-in has a name that is taken, or that none can have.
        """
        found = [one for group in self.groups for one in offered().get(f"{group}:{name}", ())]
        if not found:
            return None
        if name in self.built_in:
            raise found[0].wrong(f"{name!r} is built in, and a plug-in must not have its name")
        if len(found) > 1:
            first, second, *_ = sorted(found, key=lambda one: one.package)
            raise first.wrong(f"has the same name as {second}")
        if not NAME.fullmatch(name):
            raise found[0].wrong("expected a name of a-z, 0-9 and _, from a letter on, 60 at most")
        return found[0]

    def get(self, name: str) -> Plugin | None:
        """The plug-in of that name; None where it is built in.

        Raises:
            BadInput: nobody has the name, or see ``find``.
        """
        plugin = self.find(name)
        if plugin is None and name not in self.built_in:
            raise BadInput("", f"expected one of {self.choices}; got {shown(name)}")
        return plugin


def _source_hash(module: str) -> str:
    """The beginning of the SHA-256 over the Python files of a top module, which is not imported."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        return "not found"
    files = [Path(spec.origin)] if spec.origin else []
    for folder in spec.submodule_search_locations or ():
        files += Path(folder).rglob("*.py")
    digest = hashlib.sha256()
    for path in sorted({file for file in files if file.is_file()}):
        content = path.read_bytes()
        digest.update(f"{path.name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:12]
