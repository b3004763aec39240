"""A model that providers serve: its list price, and how well it answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from agents.params import Params
from agents.quality.scores import Scores
from market.fields import shown

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
LONGEST_NAME = 100
LONGEST_MODEL_NAME = 200

MOST_USD_PER_MTOK = 1e6
MOST_RATIO = 1e3

#: The name of a group or of a domain.
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, pattern=NAME_PATTERN)]

_Ratio = Annotated[float, Field(ge=0, le=MOST_RATIO)]


class ServedModel(Params):
    """A model of one seller; what is null is drawn as the provider's group says."""

    name: str
    """The name of the model, which no other of the group has."""
    tier: int = Field(ge=1, le=100)
    """How capable it is. A workflow node of difficulty d needs a tier of at least d."""
    output_usd_per_mtok: float | None = Field(None, gt=0, le=MOST_USD_PER_MTOK)
    """The list price of 1e6 output tokens, USD."""
    input_ratio: _Ratio | None = None
    """The list price of an uncached input token over that of an output token."""
    hit_ratio: _Ratio | None = None
    """The list price of a cached input token over that of an output token."""
    skills: dict[Name, Annotated[float, Field(ge=0, le=1)]] | None = Field(None, min_length=1)
    """The chance of a right answer at middling difficulty, by domain."""
    scores: dict[Name, Scores] | None = Field(None, min_length=1)
    """Scores of single queries, by domain, which answers are then given; domains need ``skills``
    too."""

    @model_validator(mode="after")
    def _skilled_where_scored(self) -> ServedModel:
        for domain in self.scores or ():
            if domain not in (self.skills or ()):
                skilled = ", ".join(self.skills or ()) or "none"
                raise ValueError(f"scores: expected domains of skills ({skilled}), got {domain}")
        return self

    @field_validator("name")
    @classmethod
    def _is_name(cls, name: str) -> str:
        if not is_model_name(name):
            expected = f"expected 1 to {LONGEST_MODEL_NAME} printable characters"
            raise ValueError(f"{expected}, got {shown(name)}")
        return name


def is_model_name(text: str) -> bool:
    """Whether a text can name a model: printable, not empty and not too long."""
    return 0 < len(text) <= LONGEST_MODEL_NAME and text.isprintable()


def check_alike(models: Sequence[ServedModel]) -> None:
    """Raise ``ValueError`` unless names differ and all models are measured alike.

    They must have skills in the same domains, and scores on as many queries of the same domains.
    """
    name, times = Counter(model.name for model in models).most_common(1)[0]
    if times > 1:
        raise ValueError(f"models: expected different names, got {shown(name)} {times} times")
    expected = set(models[0].skills or ())
    for index, model in enumerate(models):
        if set(model.skills or ()) != expected:
            domains, got = (", ".join(sorted(d)) or "none" for d in (expected, model.skills or ()))
            raise ValueError(
                f"models.{index}.skills: expected the domains of models.0 ({domains}), got {got}"
            )
        if _queries(model) != _queries(models[0]):
            queries, got = (_queries_in_words(one) for one in (models[0], model))
            raise ValueError(
                f"models.{index}.scores: expected the queries of models.0 ({queries}), got {got}"
            )


def _queries(model: ServedModel) -> dict[str, int]:
    """How many queries there are scores on, by domain."""
    return {domain: len(scores) for domain, scores in sorted((model.scores or {}).items())}


def _queries_in_words(model: ServedModel) -> str:
    return ", ".join(f"{domain} {count}" for domain, count in _queries(model).items()) or "none"


def strongest(
    skills: Mapping[str, float], models: Sequence[ServedModel], count: int
) -> tuple[str, ...]:
    """The ``count`` domains where skills exceed the models' mean most, ties by name; in order."""
    excess = {}
    for domain, skill in skills.items():
        mean = fmean(model.skills[domain] for model in models if model.skills is not None)
        excess[domain] = round(skill - mean, 12)  # equal skills tie, however their mean is rounded
    ranked = sorted(excess, key=lambda domain: (-excess[domain], domain))
    return tuple(sorted(ranked[:count]))
