"""A scenario: one YAML file that describes a market and what to do with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from agents.client import ClientParams
from agents.electricity import Electricity
from agents.params import Params
from agents.population import ProviderGroup, all_domains
from hubs.mechanisms import MECHANISMS
from hubs.params import HubParams
from market.errors import BadInput
from market.fields import shown, shown_key
from orchestrator.demand import DemandParams
from orchestrator.demand.sources import WorkflowDemand
from orchestrator.demand.workflow_tape import highest_difficulty
from orchestrator.past_bids import PastBids, past_bids
from orchestrator.supply import SupplyParams, find_price_series, replays, served_models
from orchestrator.supply.engine_profiles import names_file, read_profile
from orchestrator.text_file import read_text
from orchestrator.timing import Timing

#: What things are that name no kind.
UNSAID_KINDS = ("simulated", "paper")


class LogParams(Params):
    """What is logged of predictions, and every how many rounds rows are committed."""

    predictions: Literal["full", "awarded", "none"] = "full"
    checkpoint_rounds: int = Field(10, ge=1)


class PackingParams(Params):
    """Who shares a Ray actor; null is automatic: as many actors as the free CPUs have room for.

    Rows do not depend on it. Each actor asks Ray for ``cpus_per_actor`` CPUs: providers and hubs
    take turns, so half of one each keeps every CPU busy.
    """

    providers_per_actor: int | None = Field(None, ge=1)
    hubs_per_actor: int | None = Field(None, ge=1)
    cpus_per_actor: float = Field(0.5, ge=0.01, le=1000)


class Scenario(Timing):
    """A market, its demand, and how long to run it.

    ``compare`` runs the same tape under other mechanisms.
    """

    seed: int = Field(ge=0, lt=2**63)
    trials: int = Field(1, ge=1)
    electricity: Electricity = Electricity()
    providers: Annotated[tuple[ProviderGroup, ...], Field(min_length=1)]
    clients: ClientParams = ClientParams()
    hubs: HubParams = HubParams()
    demand: Annotated[tuple[DemandParams, ...], Field(min_length=1)]
    compare: tuple[str, ...] = ()
    log: LogParams = LogParams()
    packing: PackingParams = PackingParams()

    @field_validator("compare")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in MECHANISMS or names.count(name) > 1:
                choices = ", ".join(MECHANISMS)
                raise ValueError(f"expected different names among {choices}; got {shown(name)}")
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
            if not chatting and not isinstance(source, WorkflowDemand):
                raise ValueError(f"demand.{index}: no provider has chat slots for it")
        longest = max(self.hubs.patience_rounds, self.hubs.workflow.patience_rounds)
        if self.drain_rounds <= longest:
            raise ValueError(f"drain_rounds: expected more than the patience of {longest} rounds")

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


def load_scenario(path: Path, settings: tuple[str, ...] = ()) -> Scenario:
    """Read and check a scenario; ``settings`` are KEY=VALUE overrides, applied before the check.

    Paths in the file are relative to the file, paths in settings to the working directory. Where
    a group's models, the samples of its prior or the prices of its cost are to be found in files,
    those are read, and what was found stands in the scenario.

    Raises:
        BadInput: names the file, the key, the value and what was expected.
    """
    document = _read_yaml(path)
    _anchor_paths(document, path.parent)
    for setting in settings:
        _apply(document, setting)
    _anchor_paths(document, Path.cwd())
    _find_models(document, path)
    _find_profiles(document, path)
    _find_samples(document, path)
    find_price_series(document, path)
    try:
        return Scenario.model_validate(document)
    except ValidationError as error:
        raise _first_problem(error, document).inside(str(path)) from None


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise BadInput(f"line {line}", f"duplicate key {shown(key.value)}")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _read_yaml(path: Path) -> dict[str, Any]:
    text = read_text(path)
    try:
        document = yaml.load(text, Loader=_StrictLoader)
    except BadInput as error:
        raise error.inside(str(path)) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadInput(f"{path}: line {line}", f"not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise BadInput(str(path), f"not YAML that can be read: {shown(str(error))}") from None
    if not isinstance(document, dict):
        raise BadInput(str(path), "expected a mapping of keys, such as seed, providers, demand")
    return document


def _anchor_paths(document: dict[str, Any], folder: Path) -> None:
    """Make absolute the paths that are not yet."""
    holders: list[tuple[Any, str]] = [(source, "path") for source in _records(document, "demand")]
    for group in _records(document, "providers"):
        holders += [(group.get("models"), key) for key in ("catalogue", "scores")]
        holders.append((group.get("prior"), "run"))
        engine = group.get("engine")
        if isinstance(engine, dict) and names_file(engine.get("profile")):
            holders.append((engine, "profile"))
        if isinstance(engine, dict) and str(engine.get("model")).startswith((".", "/")):
            holders.append((engine, "model"))
        holders += [(cost, "path") for _, cost in replays(group.get("cost"))]
    for holder, key in holders:
        if isinstance(holder, dict) and isinstance(holder.get(key), str):
            holder[key] = str((folder / holder[key]).absolute())


def _records(document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The records of a list; what is malformed is told later, by the schema."""
    records = document.get(key)
    return [one for one in records if isinstance(one, dict)] if isinstance(records, list) else []


def _find_models(document: dict[str, Any], path: Path) -> None:
    """Replace the files of models by the models; their domains are the group's if it has none."""
    groups = document.get("providers")
    for index, group in enumerate(groups if isinstance(groups, list) else ()):
        if isinstance(group, dict) and isinstance(group.get("models"), dict):
            at = ("providers", index, "models")
            try:
                params = SupplyParams.model_validate(group["models"])
            except ValidationError as error:
                raise _first_problem(error, document, at).inside(str(path)) from None
            models = served_models(params, f"{path}: providers.{index}.models")
            group["models"] = [model.model_dump(exclude_none=True) for model in models]
            if models[0].skills is not None and group.get("domains") is None:
                group["domains"] = list(models[0].skills)


def _find_profiles(document: dict[str, Any], path: Path) -> None:
    """Replace the files of engine profiles by the profiles."""
    for index, group in enumerate(_records(document, "providers")):
        engine = group.get("engine")
        if isinstance(engine, dict) and names_file(engine.get("profile")):
            try:
                engine["profile"] = read_profile(Path(engine["profile"]))
            except BadInput as error:
                raise error.inside(f"{path}: providers.{index}.engine.profile") from None


def _find_samples(document: dict[str, Any], path: Path) -> None:
    """Replace the run that a prior's samples are in by the samples and their support."""
    groups = document.get("providers")
    for index, group in enumerate(groups if isinstance(groups, list) else ()):
        prior = group.get("prior") if isinstance(group, dict) else None
        if not isinstance(prior, dict) or prior.get("kind") != "empirical" or "run" not in prior:
            continue
        group["prior"] = _with_samples(prior, group.get("name"), index, path)


def _with_samples(stated: dict[str, Any], group: Any, index: int, path: Path) -> dict[str, Any]:
    """The prior of a group that ``stated`` the run to find its samples in."""
    where = f"{path}: providers.{index}.prior.run"
    if "samples" in stated:
        raise BadInput(where, "expected samples or the run to find them in, got both")
    if not isinstance(stated["run"], str):
        raise BadInput(where, f"expected the path of a run, got {shown(stated['run'])}")
    if not isinstance(group, str):
        raise BadInput(f"{path}: providers.{index}.name", f"expected a name, got {shown(group)}")
    try:
        prior = PastBids.model_validate(stated)
    except ValidationError as error:
        at = ("providers", index, "prior")
        raise _first_problem(error, {}, at).inside(str(path)) from None
    found = past_bids(Path(prior.run), group, scaled=prior.scaled, where=where)
    return found | prior.model_dump(exclude={"run"}, exclude_none=True)


def _apply(document: dict[str, Any], setting: str) -> None:
    """Apply one ``dotted.path=value``; the value is YAML."""
    dotted, equals, text = setting.partition("=")
    if not equals or not dotted:
        problem = "expected KEY=VALUE, such as demand.0.rate_per_s=20"
        raise BadInput(f"--set {shown_key(setting)}", problem)
    place = f"--set {shown_key(dotted)}"
    try:
        value = yaml.load(text, Loader=_StrictLoader)
    except BadInput as error:
        raise BadInput(place, error.problem) from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        raise BadInput(place, f"expected a YAML value, got {shown(text)}") from None
    *steps, last = dotted.split(".")
    holder: Any = document
    for step in steps:
        holder = _step_into(holder, step, place)
    if isinstance(holder, list):
        holder[_index(holder, last, place)] = value
    elif isinstance(holder, dict):
        holder[last] = value
    else:
        raise BadInput(place, f"{shown(last)} is not a key of {shown(holder)}")


def _step_into(holder: Any, step: str, place: str) -> Any:
    if isinstance(holder, list):
        return holder[_index(holder, step, place)]
    if isinstance(holder, dict):
        return holder.setdefault(step, {})
    raise BadInput(place, f"{shown(step)} is not a key of {shown(holder)}")


def _index(holder: list[Any], step: str, place: str) -> int:
    if step not in map(str, range(len(holder))):
        raise BadInput(place, f"expected an index from 0 to {len(holder) - 1}, got {shown(step)}")
    return int(step)


def _first_problem(
    error: ValidationError, document: Any, at: tuple[int | str, ...] = ()
) -> BadInput:
    """The first complaint of pydantic about what stands ``at`` a key, in one line of ours."""
    problem = error.errors()[0]
    kind, value = problem["type"], problem["input"]
    where = _dotted(at + problem["loc"], document)
    if kind == "missing":
        return BadInput(where, "missing")
    if kind == "extra_forbidden":
        return BadInput(where, "unknown key")
    if kind == "union_tag_invalid":
        expected, tag = problem["ctx"]["expected_tags"], problem["ctx"]["tag"]
        return BadInput(f"{where}.kind", f"expected one of {expected}; got {shown(tag)}")
    message = problem["msg"].removeprefix("Value error, ")
    message = message.replace("Input should be", "expected")
    if kind == "value_error":
        return BadInput(where, message)
    return BadInput(where, f"{message}, got {shown(value)}")


def _dotted(location: tuple[int | str, ...], document: Any) -> str:
    """The dotted key of an error, without the kinds that pydantic puts between as union tags."""
    keys: list[str] = []
    here = document
    for step in location:
        if isinstance(here, dict):
            kinds = (here["kind"],) if "kind" in here else UNSAID_KINDS
            if step not in here and step in kinds:
                continue
            here = here.get(step)
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
        keys.append(shown_key(str(step)))
    return ".".join(keys)
