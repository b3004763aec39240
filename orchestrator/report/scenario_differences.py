"""In which keys the scenarios of several runs differ, and names for the runs by that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.scenario.model import Scenario

#: What a scenario does not say.
ABSENT = "-"

#: Keys that change no row of a run's own log, so no run is named by them.
NOT_OF_THE_MARKET = ("compare", "log", "packing")

#: A run that differs in more keys, or by longer words, is named by its directory.
MOST_NAMED = 3
LONGEST_LABEL = 40

#: The scores of models on single queries, of which there may be millions.
SCORES = {"providers": {"__all__": {"models": {"__all__": {"scores"}}}}}


@dataclass(frozen=True)
class Difference:
    """A dotted key of the scenario, and its value in each run as text."""

    key: str
    values: tuple[str, ...]

    @property
    def of_the_market(self) -> bool:
        """Whether it changes what happens, and not only what is kept of it."""
        return self.key.split(".")[0] not in NOT_OF_THE_MARKET


def differences(scenarios: Sequence[Scenario]) -> list[Difference]:
    """The keys with different values, in the order of the scenario."""
    flat = [dict(_leaves("", _dumped(scenario))) for scenario in scenarios]
    keys = list(dict.fromkeys(key for one in flat for key in one))
    rows = [Difference(key, tuple(one.get(key, ABSENT) for one in flat)) for key in keys]
    return [row for row in rows if len(set(row.values)) > 1]


def shared(scenarios: Sequence[Scenario]) -> list[str]:
    """The parts of the scenario in which nothing differs."""
    apart = {row.key.split(".")[0] for row in differences(scenarios)}
    return [part for part in Scenario.model_fields if part not in apart]


def labels(scenarios: Sequence[Scenario], runs: Sequence[Path]) -> list[str]:
    """A name for each run, all different: what differs, or else the directory's."""
    rows = [row for row in differences(scenarios) if row.of_the_market]
    if 0 < len(rows) <= MOST_NAMED:
        named = [", ".join(told) for told in zip(*map(_told, rows), strict=True)]
        if _tell_apart(named) and max(map(len, named)) <= LONGEST_LABEL:
            return named
    return directories(runs)


def directories(runs: Sequence[Path]) -> list[str]:
    """The last words of their paths, as many as tell them apart."""
    parts = [run.resolve().parts for run in runs]
    for count in range(1, max(map(len, parts)) + 1):
        named = ["/".join(one[-count:]) for one in parts]
        if _tell_apart(named):
            return named
    return [str(run) for run in runs]


def _told(row: Difference) -> list[str]:
    """The values, after the last word of the key where they are not words themselves."""
    if all(value.replace("_", "").isalpha() for value in row.values):
        return list(row.values)
    name = row.key.rsplit(".", 1)[-1]
    return [f"{name} {value}" for value in row.values]


def _tell_apart(names: Sequence[str]) -> bool:
    return len(set(names)) == len(names)


def _dumped(scenario: Scenario) -> dict[str, Any]:
    return scenario.model_dump(mode="json", exclude=SCORES)


def _leaves(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """Dotted keys and values as text; a list of plain values is one."""
    inner: Iterable[tuple[str, Any]]
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list) and any(isinstance(entry, dict) for entry in value):
        inner = ((str(number), entry) for number, entry in enumerate(value))
    else:
        yield key, _text(value)
        return
    for name, entry in inner:
        yield from _leaves(f"{key}.{name}" if key else name, entry)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)
