"""A scenario: one YAML file that describes a market and what to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from agents.client import ClientParams
from agents.electricity import Electricity
from agents.params import Params
from agents.provider_group import ProviderGroup, all_domains, roster
from hubs.mechanisms import NAMES, truthful_for
from hubs.params import HubParams, check_named
from hubs.workflow_hub import WORKFLOW_HUB
from market.errors import BadInput
from market.fields import shown
from orchestrator.demand import DemandParams, WorkflowSource
from orchestrator.demand.sources import WorkflowDemand
from orchestrator.demand.workflow_tape import highest_difficulty
from orchestrator.faults.params import FaultParams
from orchestrator.reading.validation import first_problem
from orchestrator.scenario.files import anchor_paths, find_in_files
from orchestrator.scenario.timing import Timing
from orchestrator.scenario.yaml_text import apply_setting, read_yaml


class LogParams(Params):
    """What is logged, and how often.

    So that a run that is resumed has little to compute again, the state of a trial is kept at some
    of the commits.
    """

    predictions: Literal["full", "awarded", "none"] = "full"
    """The requests whose predictions are logged: all of them, those awarded, or none."""
    checkpoint_rounds: int = Field(10, ge=1, le=10_000_000)
    """Rows are committed to the log every so many rounds."""
    snapshot_share: float = Field(0.02, ge=0, le=1)
    """The share of the time that goes into keeping states to resume from; 0: none, 1: one at each
    commit."""


class PackingParams(Params):
    """Who shares a Ray actor; rows do not depend on it."""

    providers_per_actor: int | None = Field(None, ge=1, le=10**9)
    """Simulated providers in one actor; null: as the free CPUs have room for."""
    hubs_per_actor: int | None = Field(None, ge=1, le=10**9)
    """Hubs in one actor; null: as the free CPUs have room for."""
    cpus_per_actor: float = Field(0.5, ge=0.01, le=1000)
    """CPUs that an actor asks of Ray. Providers and hubs take turns, so half of one each keeps all
    busy."""


class Scenario(Timing):
    """A market, its demand, and how long to run it."""

    seed: int = Field(ge=0, lt=2**63)
    """The seed of every draw; the same seed gives the same run."""
    trials: int = Field(1, ge=1, le=1_000_000)
    """Independent repetitions, each with draws of its own."""
    electricity: Electricity = Electricity()
    """The public daily cycle of the price of electricity."""
    providers: Annotated[tuple[ProviderGroup, ...], Field(min_length=1)]
    """The groups of providers."""
    clients: ClientParams = ClientParams()
    """The population of clients."""
    hubs: HubParams = HubParams()
    """The hubs, which clear the market."""
    demand: Annotated[tuple[DemandParams, ...], Field(min_length=1)]
    """What is asked for, and when; one or several sources."""
    compare: tuple[str, ...] = ()
    """Mechanisms that the same demand is run under besides ``hubs.mechanism``, for comparison."""
    faults: FaultParams = FaultParams()
    """What breaks down, and when."""
    log: LogParams = LogParams()
    """What is logged, and how often."""
    packing: PackingParams = PackingParams()
    """Who shares a Ray actor."""

    @field_validator("compare")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in (*NAMES.built_in, *NAMES.plugins) or names.count(name) > 1:
                choices = NAMES.choices
                raise ValueError(f"expected different names among {choices}; got {shown(name)}")
            check_named(name, NAMES, truthful_for)
        return names

    @model_validator(mode="after")
    def _hangs_together(self) -> Scenario:
        if self.hubs.mechanism in self.compare:
            raise ValueError(f"compare: {self.hubs.mechanism!r} is the hubs' own mechanism")
        names = [group.name for group in self.providers]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"providers: duplicate name {name!r}")
        self._check_hubs()
        self._check_faults()
        self._check_domains()
        self._check_difficulties()
        return self

    def _check_hubs(self) -> None:
        chatting = sum(group.count for group in self.providers if group.chat_slots)
        if not bool(chatting) <= self.hubs.count <= chatting:
            raise ValueError(
                f"hubs.count: expected {int(bool(chatting))} to {chatting}, the number of "
                f"providers with chat slots; got {self.hubs.count}"
            )
        for index, source in enumerate(self.demand):
            if not chatting and not isinstance(source, WorkflowSource):
                raise ValueError(f"demand.{index}: no provider has chat slots for it")
        longest = max(self.hubs.patience_rounds, self.hubs.workflow.patience_rounds)
        if self.drain_rounds <= longest:
            raise ValueError(f"drain_rounds: expected more than the patience of {longest} rounds")

    def _check_faults(self) -> None:
        hubs = [f"hub-{number}" for number in range(self.hubs.count)]
        if any(group.workflow_slots for group in self.providers):
            hubs.append(WORKFLOW_HUB)
        self.faults.check(roster(self.providers), hubs, self.rounds + self.drain_rounds)

    def _check_domains(self) -> None:
        known = all_domains(self.providers)
        for index, source in enumerate(self.demand):
            for domain in getattr(source, "domains", None) or ():
                if domain not in known:
                    raise ValueError(
                        f"demand.{index}.domains: expected domains that a provider names "
                        f"({', '.join(known)}), got {shown(domain)}"
                    )

    def _check_difficulties(self) -> None:
        tiers = [group.highest_tier for group in self.providers if group.workflow_slots]
        try:
            self.check_names(max(tiers, default=0))
        except BadInput as error:
            raise ValueError(str(error)) from None

    def check_names(self, highest_tier: int) -> None:
        """Raise ``BadInput`` if a workflow that is named asks for more than ``highest_tier``.

        Args:
            highest_tier: of the providers with workflow slots.
        """
        for index, source in enumerate(self.demand):
            if not isinstance(source, WorkflowDemand) or source.path is not None:
                continue  # what is in a file is checked when it is read
            for name in source.names:
                needed = highest_difficulty(name)
                if needed > highest_tier:
                    raise BadInput(
                        f"demand.{index}.names",
                        f"{name} has nodes of difficulty {needed}, expected at most the highest "
                        f"tier with workflow slots, {highest_tier}",
                    )


def load_scenario(path: Path, settings: Sequence[str] = ()) -> Scenario:
    """Read and check a scenario; ``settings`` are KEY=VALUE overrides, applied before the check.

    Paths in the file are relative to the file, paths in settings to the working directory. Where
    a group's models, the samples of its prior or the prices of its cost are to be found in files,
    those are read, and what was found stands in the scenario.

    Raises:
        BadInput: names the file, the key, the value and what was expected.
    """
    document = read_yaml(path)
    anchor_paths(document, path.parent)
    return scenario_of(document, path, settings, Path.cwd())


def scenario_of(document: Any, source: Path, settings: Sequence[str], folder: Path) -> Scenario:
    """Check what a scenario's file holds; paths that settings set are relative to ``folder``.

    The document itself is changed. Raises as ``load_scenario`` does, for the file ``source``.
    """
    for setting in settings:
        apply_setting(document, setting)
    anchor_paths(document, folder)
    find_in_files(document, source)
    try:
        return Scenario.model_validate(document)
    except ValidationError as error:
        raise first_problem(error, document, model=Scenario).inside(str(source)) from None
