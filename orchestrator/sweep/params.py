"""What a sweep's YAML file says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from agents.params import Params
from market.fields import Fields, shown, shown_key
from orchestrator.analysis.metrics import METRICS
from orchestrator.sweep.grid import Settings, combinations

#: Arms times seeds.
MOST_TRIALS = 100_000

Seed = Annotated[int, Field(ge=0, lt=2**63)]
#: A folder is named so.
ArmName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.,=+-]*$", max_length=200)]


def _check_metrics(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in METRICS:
            raise ValueError(f"expected some of {', '.join(METRICS)}; got {shown(name)}")
    _check_different(names, "metrics")
    return names


MetricNames = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_check_metrics)]


class ArmParams(Params):
    """An arm by its name, and what it sets in the scenario, by dotted key."""

    name: ArmName
    settings: Settings = Field(default={}, alias="set")


class SweepParams(Params):
    """Arms, each with the same seeds.

    ``scenario`` and the paths in settings are relative to the sweep's file. ``set`` holds in every
    arm, before what the arm itself sets. Exactly one of ``grid``, of which every combination is an
    arm, and ``arms`` is given. ``baseline`` is an arm; or, of a grid, values of some of its keys:
    then each arm is compared with the one that has these and is like it in all else. ``keep:
    results`` removes the log of a trial as soon as its figures are taken.
    """

    scenario: Annotated[str, Field(min_length=1)]
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1, max_length=MOST_TRIALS)]
    settings: Settings = Field(default={}, alias="set")
    grid: Annotated[dict[str, tuple[Any, ...]], Field(min_length=1)] | None = None
    arms: Annotated[tuple[ArmParams, ...], Field(min_length=1)] | None = None
    baseline: str | dict[str, Any] | None = None
    metrics: MetricNames | None = None
    keep: Literal["logs", "results"] = "logs"

    @field_validator("seeds", mode="before")
    @classmethod
    def _written_out(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        fields = Fields(value, "seeds")
        first = fields.integer("first", low=0)
        count = fields.integer("count", low=1, high=MOST_TRIALS)
        fields.done()
        return tuple(range(first, first + count))

    @field_validator("seeds")
    @classmethod
    def _different(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        _check_different(seeds, "seeds")
        return seeds

    @field_validator("grid")
    @classmethod
    def _has_choices(
        cls, grid: Mapping[str, tuple[Any, ...]] | None
    ) -> Mapping[str, tuple[Any, ...]] | None:
        for key, values in (grid or {}).items():
            if not values:
                raise ValueError(f"{shown_key(key)}: expected at least one value, got none")
            _check_different(list(map(repr, values)), f"{shown_key(key)}: values")
        return grid

    @model_validator(mode="after")
    def _hangs_together(self) -> SweepParams:
        if (self.grid is None) == (self.arms is None):
            raise ValueError("expected exactly one of grid and arms")
        for place, settings in self._all_settings():
            for key in settings:
                _check_key(place, key)
        names = [arm.name for arm in self.all_arms]
        _check_different(names, "names of arms")
        self._check_baseline(names)
        trials = len(names) * len(self.seeds)
        if trials > MOST_TRIALS:
            raise ValueError(f"expected at most {MOST_TRIALS} trials, got {trials}")
        return self

    def _check_baseline(self, names: Sequence[str]) -> None:
        if isinstance(self.baseline, dict):
            grid = self.grid or {}
            for key, value in self.baseline.items():
                if value not in grid.get(key, ()):
                    where = f"baseline.{shown_key(key)}"
                    raise ValueError(f"{where}: expected a value of the grid, got {shown(value)}")
        elif self.baseline is not None and self.baseline not in names:
            choices = ", ".join(names)
            raise ValueError(
                f"baseline: expected an arm among {choices}; got {shown(self.baseline)}"
            )

    def baseline_of(self, arm: ArmParams) -> str:
        """The name of the arm that it is compared with, which may be itself; default: the first."""
        if not isinstance(self.baseline, dict):
            return self.baseline or self.all_arms[0].name
        wanted = arm.settings | self.baseline
        return next(one.name for one in self.all_arms if one.settings == wanted)

    def _all_settings(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        yield "set", self.settings
        yield "grid", self.grid or {}
        for number, arm in enumerate(self.arms or ()):
            yield f"arms.{number}.set", arm.settings

    @property
    def all_arms(self) -> tuple[ArmParams, ...]:
        """The arms that are listed, or those of the grid."""
        if self.arms is not None:
            return self.arms
        found = combinations(self.grid or {}).items()
        return tuple(ArmParams(name=name, set=settings) for name, settings in found)


def _check_key(place: str, key: str) -> None:
    where = f"{place}.{shown_key(key)}"
    if not key or "=" in key:
        raise ValueError(f"{where}: expected a dotted key of the scenario, such as hubs.mechanism")
    if key == "seed":
        raise ValueError(f"{where}: expected no seed here; they are those of the key seeds")


def _check_different(values: Any, what: str) -> None:
    for value, count in Counter(values).items():
        if count > 1:
            raise ValueError(f"{what}: expected each once, got {shown(value)} {count} times")
