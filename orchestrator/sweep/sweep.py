"""A sweep with all its arms' scenarios, checked."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ValidationError

from agents.params import Params
from market.errors import BadInput
from orchestrator.analysis.metrics import METRICS
from orchestrator.reading.validation import first_problem
from orchestrator.runs.run import plan
from orchestrator.scenario.files import anchor_paths
from orchestrator.scenario.model import Scenario, scenario_of
from orchestrator.scenario.yaml_text import read_yaml
from orchestrator.sweep.grid import Settings
from orchestrator.sweep.params import ArmParams, MetricNames, SweepParams


class Arm(Params):
    """An arm: what it sets beyond what all arms do, and the scenario that comes of it.

    ``baseline`` is the arm that it is compared with, which may be itself.
    """

    name: str
    baseline: str
    settings: Settings
    scenario: Scenario


class Sweep(Params):
    """A sweep as it is run: every arm under every seed.

    The arms' scenarios have the first seed; see ``scenario``.
    """

    name: str
    seeds: tuple[int, ...]
    arms: tuple[Arm, ...]
    metrics: MetricNames
    keep: Literal["logs", "results"]

    @property
    def setting_keys(self) -> list[str]:
        """All that some arm sets, in order of appearance."""
        return list(dict.fromkeys(key for arm in self.arms for key in arm.settings))


def load_sweep(path: Path) -> Sweep:
    """Read a sweep's file and its scenario, and check the scenario of every arm.

    Raises:
        BadInput: names the file, the arm, the key, the value and what was expected.
    """
    document = read_yaml(path)
    try:
        params = SweepParams.model_validate(document)
    except ValidationError as error:
        raise first_problem(error, document, model=SweepParams).inside(str(path)) from None
    except BadInput as error:
        raise error.inside(str(path)) from None
    base = path.parent / params.scenario
    stated = read_yaml(base)
    anchor_paths(stated, base.parent)
    return Sweep(
        name=path.stem,
        seeds=params.seeds,
        arms=tuple(_arm(arm, params, stated, base, path) for arm in params.all_arms),
        metrics=params.metrics or tuple(METRICS),
        keep=params.keep,
    )


def _arm(arm: ArmParams, params: SweepParams, stated: Any, base: Path, path: Path) -> Arm:
    """The arm with its scenario; the paths that it sets are relative to the sweep's file."""
    place = f"{path}: arm {arm.name}"
    alone = {"compare": [], "seed": params.seeds[0]}  # the sweep compares, and has its own seeds
    values = {**alone, **params.settings, **arm.settings}
    settings = [
        f"{key}={yaml.safe_dump(value, default_flow_style=True)}" for key, value in values.items()
    ]
    try:
        scenario = scenario_of(deepcopy(stated), base, settings, path.parent)
    except BadInput as error:
        raise BadInput(f"{place}: {error.where.removeprefix('--set ')}", error.problem) from None
    if scenario.compare:
        problem = (
            "expected none: a sweep compares its arms, such as those of a grid over hubs.mechanism"
        )
        raise BadInput(f"{place}: {base}: compare", problem)
    baseline = params.baseline_of(arm)
    return Arm(name=arm.name, baseline=baseline, settings=arm.settings, scenario=scenario)


@dataclass(frozen=True)
class SweepPlan:
    """What is ahead: ``seconds`` is a rough guess of all trials, one after the other."""

    providers: int
    trials: int
    seconds: float


def plan_sweep(sweep: Sweep) -> SweepPlan:
    """Read all demand of every arm under the first seed, and say what is ahead.

    Raises:
        BadInput: names the arm and what of its demand or providers cannot be; see ``runs.run``.
    """
    plans = []
    for arm in sweep.arms:
        try:
            plans.append(plan(arm.scenario))
        except BadInput as error:
            raise error.inside(f"arm {arm.name}") from None
    seconds = sum(one.seconds for one in plans) * len(sweep.seeds)
    most = max(one.providers for one in plans)
    return SweepPlan(most, len(sweep.arms) * len(sweep.seeds), seconds)


def check_side_by_side(arms: Sequence[Arm]) -> None:
    """Whether trials may run side by side without touching each other's figures.

    Raises:
        BadInput: a provider has a real engine, whose times depend on what else runs.
    """
    for arm in arms:
        for group in arm.scenario.providers:
            if group.engine.is_real:
                raise BadInput(
                    f"arm {arm.name}: provider group {group.name}",
                    f"expected a simulated engine, got {group.engine.kind}: real engines side by "
                    "side would slow each other; --ray off runs one trial after the other",
                )
