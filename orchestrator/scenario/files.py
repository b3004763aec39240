"""Files that a scenario names: what is found in them takes their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from market.errors import BadInput
from market.fields import shown
from orchestrator.past_bids import PastBids, past_bids
from orchestrator.reading.validation import first_problem
from orchestrator.supply import SupplyParams, find_price_series, replays, served_models
from orchestrator.supply.engine_profiles import names_file, read_profile


def find_in_files(document: dict[str, Any], path: Path) -> None:
    """Replace all files of providers, which are absolute, by what is in them.

    Raises:
        BadInput: names the scenario's ``path``, the key and what is wrong.
    """
    _find_models(document, path)
    _find_profiles(document, path)
    _find_samples(document, path)
    find_price_series(document, path)


def anchor_paths(document: dict[str, Any], folder: Path) -> None:
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
                problem = first_problem(error, document, at, model=SupplyParams)
                raise problem.inside(str(path)) from None
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
        problem = first_problem(error, {}, ("providers", index, "prior"), model=PastBids)
        raise problem.inside(str(path)) from None
    found = past_bids(Path(prior.run), group, scaled=prior.scaled, where=where)
    return found | prior.model_dump(exclude={"run"}, exclude_none=True)
