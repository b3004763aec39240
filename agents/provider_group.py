"""Groups of providers that differ, as a scenario states them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from agents.cost import (
    CostParams,
    PaperParams,
)
from agents.engine_params import EngineParams, SimulatedParams
from agents.params import Distribution, Draw, Params
from agents.presence import EntryExitParams, OutageParams
from agents.prior import FromCost, PriorParams
from agents.served_model import Name, ServedModel, check_alike
from agents.strategy import Panel, Strategy, Truthful, check_panel

LOWEST_PART, HIGHEST_PART = 0.001, 1000.0


class ProviderGroup(Params):
    """Providers drawn from the same distributions.

    With ``models``, each serves one of them, all equally likely, and has its tier. A model with a
    list price replaces the ``base`` of the cost by that price times a draw of ``cost_over_price``,
    and ``input_ratio`` by its own; also ``hit_ratio`` where it has one, which is else drawn but at
    most the input ratio. Models with skills replace the draws of skill, and ``domains`` must be
    theirs; a provider then specialises where its model exceeds the mean of the group's models most,
    ties by name. Where they have scores, answers get these, query by query.
    """

    name: Name
    """The name of the group; its providers are NAME-000, NAME-001 and so on."""
    count: int = Field(ge=1, le=100_000)
    """How many providers there are."""
    tier: int = Field(1, ge=1, le=100)
    """How capable they are. A workflow node of difficulty d needs a tier of at least d."""
    domains: Annotated[tuple[Name, ...], Field(min_length=1)]
    """What they can be asked about. May be left out where ``models`` bring skills from a file."""
    specialties: int = Field(1, ge=1)
    """In how many of the domains each one specialises; it is drawn in which."""
    skill: Draw = Distribution(uniform=(0.7, 0.9))
    """The chance of a right answer at middling difficulty, in a domain of its specialties."""
    skill_elsewhere: Draw = Distribution(uniform=(0.3, 0.6))
    """The same chance in all other domains."""
    score_noise: float = Field(0.03, ge=0)
    """Deviation of the normal noise between skills and the benchmark scores published."""
    input_ratio: Draw = Distribution(constant=0.25)
    """Price of an uncached input token over that of an output token; public."""
    hit_ratio: Draw = Distribution(constant=0.025)
    """Price of a cached input token over that of an output token; public."""
    chat_slots: int = Field(4, ge=0, le=10_000)
    """Chat requests that a provider serves at a time; 0: it sells no chat."""
    workflow_slots: int = Field(1, ge=0, le=10_000)
    """Workflows that a provider works for at a time, with all nodes that it won; 0: for none."""
    engine: EngineParams = SimulatedParams()
    """What serves their requests."""
    cost: CostParams = PaperParams()
    """What 1e6 output tokens cost them over time, in USD; private."""
    outages: OutageParams | None = None
    """When they offer nothing, whatever they would earn; null: never."""
    entry_exit: EntryExitParams | None = None
    """A fixed cost, and when they leave for want of profit; null: they stay, at no such cost."""
    strategy: Strategy = Truthful()
    """How they turn their cost into a bid."""
    panel: Panel | None = None
    """The first few of the group, who bid by a strategy of their own; null: none."""
    prior: PriorParams = FromCost()
    """What the market believes of their cost when workflows are bought."""
    models: Annotated[tuple[ServedModel, ...], Field(min_length=1)] | None = None
    """The models that they serve, or the files to find these in; null: all is drawn as stated."""
    cost_over_price: Draw = Distribution(uniform=(0.4, 0.9))
    """The base of the cost over a model's list price; kept within 0.001 and 1000."""

    @property
    def highest_tier(self) -> int:
        """The highest tier that a provider of the group can have."""
        return max(model.tier for model in self.models) if self.models else self.tier

    @property
    def names(self) -> list[str]:
        """The ids of its providers."""
        return [f"{self.name}-{number:03d}" for number in range(self.count)]

    def strategy_of(self, provider: str) -> Strategy:
        """How a provider bids."""
        return self.panel.strategy if self.panel and provider in self._panelists else self.strategy

    @cached_property
    def _panelists(self) -> frozenset[str]:
        return frozenset(self.names[: self.panel.count if self.panel else 0])

    @field_validator("cost_over_price")
    @classmethod
    def _within_bounds(cls, draw: Distribution) -> Distribution:
        for number in _usual(draw):
            if not LOWEST_PART <= number <= HIGHEST_PART:
                raise ValueError(
                    f"expected numbers from {LOWEST_PART:g} to {HIGHEST_PART:g} (of a normal, "
                    f"those 3 deviations off the mean), got {number:g}"
                )
        return draw

    @model_validator(mode="after")
    def _panel_fits(self) -> ProviderGroup:
        check_panel(self.panel, self.count, "providers")
        return self

    @model_validator(mode="after")
    def _serves_somebody(self) -> ProviderGroup:
        if not self.chat_slots and not self.workflow_slots:
            raise ValueError("chat_slots and workflow_slots are both 0: it can serve nobody")
        if self.entry_exit is not None and not self.chat_slots:
            raise ValueError("entry_exit: expected chat_slots, whose profit it goes by; got 0")
        if len(set(self.domains)) != len(self.domains):
            raise ValueError(f"expected different domains, got {', '.join(self.domains)}")
        if self.specialties > len(self.domains):
            most = len(self.domains)
            raise ValueError(
                f"specialties: expected at most {most}, the domains; got {self.specialties}"
            )
        return self

    @model_validator(mode="after")
    def _models_fit(self) -> ProviderGroup:
        if self.models is None:
            return self
        check_alike(self.models)
        if self.cost.bases > 1 and any(model.output_usd_per_mtok for model in self.models):
            raise ValueError(
                f"cost: expected one base for a list price to replace, got {self.cost.bases}"
            )
        expected = self.models[0].skills
        if expected is not None and set(expected) != set(self.domains):
            raise ValueError(
                f"domains: expected those of the models' skills ({', '.join(expected)}), "
                f"got {', '.join(self.domains)}"
            )
        return self


def _usual(draw: Distribution) -> Sequence[float]:
    """The numbers that it is among or between; of a lognormal the median."""
    if draw.normal is not None:
        mean, deviation = draw.normal
        return mean - 3 * deviation, mean + 3 * deviation
    if draw.lognormal is not None:
        return draw.lognormal[:1]
    if draw.constant is not None:
        return (draw.constant,)
    return draw.uniform or draw.choice or ()


def all_domains(groups: Sequence[ProviderGroup]) -> tuple[str, ...]:
    """Every domain that any group names, in order of name."""
    return tuple(sorted({domain for group in groups for domain in group.domains}))


def roster(groups: Sequence[ProviderGroup]) -> dict[str, ProviderGroup]:
    """The group of every provider, by provider, in order of id."""
    groups_of = {name: group for group in groups for name in group.names}
    return dict(sorted(groups_of.items()))
