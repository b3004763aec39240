"""The models that a group of providers serves, found in a price catalogue and a score table."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from agents.params import Params
from agents.served_model import LONGEST_NAME, NAME_PATTERN, Name, ServedModel
from market.errors import BadInput
from market.fields import shown
from orchestrator.supply.model_key import model_key
from orchestrator.supply.price_catalogue import ListPrice, read_catalogue
from orchestrator.supply.score_table import ScoreTable, read_scores

MOST_CHOICES = 10

_Tasks = Annotated[tuple[str, ...], Field(min_length=1)]


class SupplyParams(Params):
    """Where the models of a group are found: the files of prices and of scores, or one of them.

    With both, the models that both know. ``sellers`` limits the catalogue (default: all of it).
    ``domains`` groups the tasks of the table (default: each is a domain of its own); tasks that
    it leaves out do not count. The models found are cut into ``tiers`` tiers. With ``replay``
    they keep their scores, which their answers are then given, query by query.
    """

    catalogue: Path | None = None
    sellers: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    scores: Path | None = None
    domains: Annotated[dict[Name, _Tasks], Field(min_length=1)] | None = None
    tiers: int = Field(3, ge=1, le=100)
    replay: bool = False

    @field_validator("sellers")
    @classmethod
    def _each_seller_once(cls, sellers: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for seller in sellers or ():
            if (sellers or ()).count(seller) > 1:
                raise ValueError(f"expected each seller once, got {shown(seller)} again")
        return sellers

    @field_validator("domains")
    @classmethod
    def _each_task_once(
        cls, domains: dict[str, tuple[str, ...]] | None
    ) -> dict[str, tuple[str, ...]] | None:
        first: dict[str, str] = {}
        for domain, tasks in (domains or {}).items():
            for task in tasks:
                if task in first:
                    where = f"in {first[task]} and in {domain}"
                    raise ValueError(f"expected each task once, got {shown(task)} {where}")
                first[task] = domain
        return domains

    @model_validator(mode="after")
    def _has_files(self) -> SupplyParams:
        if self.catalogue is None and self.scores is None:
            raise ValueError("expected the path of a catalogue, of scores, or of both; got neither")
        if self.catalogue is None and self.sellers is not None:
            raise ValueError("sellers: expected a catalogue that they sell from, got null")
        if self.scores is None and self.domains is not None:
            raise ValueError("domains: expected scores to take their tasks from, got null")
        if self.scores is None and self.replay:
            raise ValueError("replay: expected scores to replay, got null")
        return self


def served_models(params: SupplyParams, place: str) -> list[ServedModel]:
    """The models, in the order of the catalogue or else of the table.

    A model's skill in a domain is its mean score over the domain's queries. A model is there as
    often as the catalogue lists it, be it by several sellers or twice by one. Its tier goes by the
    mean of its skills among the models found or, where there is no table, by its output price
    among the prices found.

    Args:
        params: what to find.
        place: where ``params`` stand, for errors.

    Raises:
        BadInput: a file is malformed, ``params`` name what a file lacks, or no model is found.
    """
    prices = _prices(params.catalogue, params.sellers, place) if params.catalogue else []
    scores = _scores(params.scores, params.domains, place) if params.scores else {}
    if not scores:
        tiers = cut({price.name: price.output_usd_per_mtok for price in prices}, params.tiers)
        return [ServedModel(tier=tiers[price.name], **_priced(price)) for price in prices]
    sold = _sold(prices, scores, place) if prices else [(None, name) for name in scores]
    skills = {name: _skills(scores[name]) for _, name in sold}
    tiers = cut({name: fmean(skill.values()) for name, skill in skills.items()}, params.tiers)
    return [
        ServedModel(
            tier=tiers[name],
            skills=skills[name],
            scores=scores[name] if params.replay else None,
            **({"name": name} if price is None else _priced(price)),
        )
        for price, name in sold
    ]


def cut(measures: Mapping[str, float], tiers: int) -> dict[str, int]:
    """By name, the tier of a measure: so many groups, as equal as can be, the highest one last.

    Equal measures share a tier, the higher one where the cut would part them.
    """
    ordered = sorted(measures.values())
    return {
        name: -(-tiers * bisect_right(ordered, measure) // len(ordered))
        for name, measure in measures.items()
    }


def _skills(scores: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The mean score of a model in each domain, each query counting the same."""
    return {domain: fmean(on_queries) for domain, on_queries in scores.items()}


def _priced(price: ListPrice) -> dict[str, Any]:
    """What a model's list price says of it."""
    output, cached = price.output_usd_per_mtok, price.cached_usd_per_mtok
    return {
        "name": price.name,
        "output_usd_per_mtok": output,
        "input_ratio": price.input_usd_per_mtok / output,
        "hit_ratio": None if cached is None else cached / output,
    }


def _prices(path: Path, sellers: Sequence[str] | None, place: str) -> list[ListPrice]:
    """The prices of the chosen sellers, in the order of the catalogue."""
    catalogue = read_catalogue(path)
    for seller in sellers or ():
        if seller not in catalogue:
            expected = f"expected sellers of {path} ({_listed(catalogue)})"
            raise BadInput(f"{place}.sellers", f"{expected}, got {shown(seller)}")
    chosen = sellers or list(catalogue)
    prices = [price for seller in catalogue if seller in chosen for price in catalogue[seller]]
    if not prices:
        problem = f"expected models with prices in {path}, got none of {_listed(chosen)}"
        raise BadInput(place, problem)
    return prices


def _scores(
    path: Path, domains: Mapping[str, Sequence[str]] | None, place: str
) -> dict[str, dict[str, tuple[float, ...]]]:
    """The scores of every model on the queries of every domain."""
    table = read_scores(path)
    tasks_of = _domain_of_each_task(table, path) if domains is None else domains
    for domain, tasks in tasks_of.items():
        for task in tasks:
            if task not in table.scores:
                expected = f"expected tasks of {path} ({_listed(table.scores)})"
                raise BadInput(f"{place}.domains.{domain}", f"{expected}, got {shown(task)}")
    scores = {domain: table.by_model(tasks) for domain, tasks in tasks_of.items()}
    return {model: {domain: scores[domain][model] for domain in scores} for model in table.models}


def _domain_of_each_task(table: ScoreTable, path: Path) -> dict[str, list[str]]:
    for task in table.scores:
        if len(task) > LONGEST_NAME or not re.fullmatch(NAME_PATTERN, task):
            expected = f"expected a name of at most {LONGEST_NAME} letters, digits and _.-"
            raise BadInput(f"{path}: task", f"{expected} that can name a domain, got {shown(task)}")
    return {task: [task] for task in table.scores}


def _sold(
    prices: Sequence[ListPrice], scored: Collection[str], place: str
) -> list[tuple[ListPrice, str]]:
    """The prices of models that have scores, each with the model's name among these."""
    names = {model_key(name): name for name in scored}
    keyed = [(price, model_key(price.model)) for price in prices]
    sold = [(price, names[key]) for price, key in keyed if key in names]
    if not sold:
        priced = _listed([price.model for price in prices])
        problem = f"got prices of {priced} and scores of {_listed(scored)}"
        raise BadInput(place, f"expected models with both prices and scores, {problem}")
    return sold


def _listed(names: Collection[str]) -> str:
    """The first names and how many more there are; on one line."""
    first = ", ".join(shown(name) for name in islice(names, MOST_CHOICES))
    more = len(names) - MOST_CHOICES
    return f"{first} and {more} more" if more > 0 else first
