"""A model that providers serve: its list price, and how well it answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Annotated

from pydantic import Field, field_validator

from agents.params import Params
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
    """A model of one seller; what is null is drawn as the provider's group says.

    ``output_usd_per_mtok`` is the list price of 1e6 output tokens; ``input_ratio`` and
    ``hit_ratio`` are the list prices of uncached and of cached input tokens over it. ``skills``
    is the chance of a right answer at middling difficulty, by domain.
    """

    name: str
    tier: int = Field(ge=1, le=100)
    output_usd_per_mtok: float | None = Field(None, gt=0, le=MOST_USD_PER_MTOK)
    input_ratio: _Ratio | None = None
    hit_ratio: _Ratio | None = None
    skills: dict[Name, Annotated[float, Field(ge=0, le=1)]] | None = Field(None, min_length=1)

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
    """Raise ``ValueError`` unless names differ and all models have skills in the same domains."""
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
