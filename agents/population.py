"""Drawing providers that differ from distributions that a scenario states."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from typing import Annotated

import numpy as np
from pydantic import Field, field_validator, model_validator

from agents.cost import (
    HIGHEST_BASE,
    HIGHEST_COST,
    LOWEST_BASE,
    LOWEST_COST,
    Cost,
    CostParams,
    CostSetting,
    PaperParams,
)
from agents.electricity import Electricity
from agents.engine_params import EngineParams, SimulatedParams
from agents.engines import engine_of
from agents.params import Distribution, Draw, Params
from agents.presence import EntryExitParams, OutageParams, Presence
from agents.prior import FromCost, PriorParams
from agents.provider import Provider
from agents.quality import Capability, Grader, ScoreTable
from agents.served_model import MOST_RATIO, Name, ServedModel, check_alike, strongest
from agents.strategy import Panel, Strategy, Truthful, check_panel
from market import seeding
from market.errors import BadInput
from market.profiles import ProviderProfile

LOWEST_PART, HIGHEST_PART = 0.001, 1000.0

#: A generator of a provider's own for each thing that is drawn.
_Stream = Callable[..., np.random.Generator]


class ProviderGroup(Params):
    """``count`` providers drawn from the same distributions.

    Each specialises in ``specialties`` of the ``domains``: its skill is drawn from ``skill``
    there and from ``skill_elsewhere`` in all other domains. Its published benchmark scores are
    its skills with normal noise of deviation ``score_noise``.

    With ``models``, each serves one of them, all equally likely, and has its tier. A model with a
    list price replaces the ``base`` of the cost by that price times a draw of ``cost_over_price``,
    which is kept within [0.001, 1000], and ``input_ratio`` by its own; also ``hit_ratio`` where it
    has one, which is else drawn but at most the input ratio. Models with skills replace the draws
    of skill, and ``domains`` must be theirs; a provider then specialises where its model exceeds
    the mean of the group's models most, ties by name. Where they have scores, answers get these,
    query by query. The first of the group may be a ``panel`` with a strategy of their own.

    ``outages`` and ``entry_exit`` say when they offer nothing; null: never.
    """

    name: Name
    count: int = Field(ge=1, le=100_000)
    tier: int = Field(1, ge=1, le=100)
    domains: Annotated[tuple[Name, ...], Field(min_length=1)]
    specialties: int = Field(1, ge=1)
    skill: Draw = Distribution(uniform=(0.7, 0.9))
    skill_elsewhere: Draw = Distribution(uniform=(0.3, 0.6))
    score_noise: float = Field(0.03, ge=0)
    input_ratio: Draw = Distribution(constant=0.25)
    hit_ratio: Draw = Distribution(constant=0.025)
    chat_slots: int = Field(4, ge=0, le=10_000)
    workflow_slots: int = Field(1, ge=0, le=10_000)
    engine: EngineParams = SimulatedParams()
    cost: CostParams = PaperParams()
    outages: OutageParams | None = None
    entry_exit: EntryExitParams | None = None
    strategy: Strategy = Truthful()
    panel: Panel | None = None
    prior: PriorParams = FromCost()
    models: Annotated[tuple[ServedModel, ...], Field(min_length=1)] | None = None
    cost_over_price: Draw = Distribution(uniform=(0.4, 0.9))

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


def draw_providers(
    groups: Sequence[ProviderGroup],
    electricity: Electricity,
    seed: int,
    chosen: Collection[str] | None = None,
) -> list[Provider]:
    """The providers of a trial, or those ``chosen`` of them, in order of id.

    Each one's draws depend on its id alone, so any subset can be drawn anywhere.
    """
    domains = all_domains(groups)
    _check_levels(groups, electricity)
    return [
        _draw_provider(name, group, domains, electricity, seed)
        for name, group in roster(groups).items()
        if chosen is None or name in chosen
    ]


def _draw_provider(
    name: str, group: ProviderGroup, domains: Sequence[str], electricity: Electricity, seed: int
) -> Provider:
    def rng(*what: str) -> np.random.Generator:
        return seeding.stream(seed, "provider", name, *what)

    model = ServedModel(name=group.name, tier=group.tier)
    if group.models:
        model = group.models[int(rng("model").integers(len(group.models)))]
    specialties = _specialties(group, model, rng)
    skills = _draw_skills(group, model, specialties, domains, rng)
    noise = {domain: rng(f"score {domain}").normal(0, group.score_noise) for domain in domains}
    input_ratio, hit_ratio = _draw_ratios(group, model, rng)
    profile = ProviderProfile(
        provider=name,
        tier=model.tier,
        domains=specialties,
        scores={domain: min(1.0, max(0.0, skills[domain] + noise[domain])) for domain in domains},
        input_ratio=input_ratio,
        hit_ratio=hit_ratio,
        chat_slots=group.chat_slots,
        workflow_slots=group.workflow_slots,
        engine=group.engine.declared_profile(rng("speed")),
        model=model.name if group.models else None,
    )
    setting = CostSetting(
        seed,
        ("provider", name),
        electricity,
        engine=profile.engine,
        slots=group.chat_slots + group.workflow_slots,
        listed_base=_listed_base(group, model, rng),
    )
    grader: Grader = Capability(skills, elsewhere=min(skills.values()))
    if model.scores is not None:
        grader = ScoreTable(model.scores, elsewhere=grader)
    return Provider(
        profile,
        engine_of(group.engine, name, profile.engine),
        _draw_cost(group, setting, name),
        group.prior,
        group.strategy_of(name),
        grader,
        seed,
        _presence(group, name, seed),
    )


def _presence(group: ProviderGroup, name: str, seed: int) -> Presence:
    """When it offers nothing."""
    return Presence(
        None if group.outages is None else group.outages.of(name, seed),
        None if group.entry_exit is None else group.entry_exit.of(name, seed),
    )


def _check_levels(groups: Sequence[ProviderGroup], electricity: Electricity) -> None:
    """Stated priors must stay within bounds at the highest price of electricity."""
    level = 1 + electricity.beta
    for group in groups:
        try:
            group.prior.check_level(level)
        except BadInput as error:
            problem = f"at {level:g} times its prices, as electricity moves them: {error}"
            raise BadInput(f"providers: {group.name}: prior", problem) from None


def _specialties(group: ProviderGroup, model: ServedModel, rng: _Stream) -> tuple[str, ...]:
    if group.models is not None and model.skills is not None:
        return strongest(model.skills, group.models, group.specialties)
    chosen = rng("specialties").choice(len(group.domains), group.specialties, replace=False)
    return tuple(sorted(group.domains[index] for index in chosen))


def _draw_skills(
    group: ProviderGroup,
    model: ServedModel,
    specialties: Sequence[str],
    domains: Sequence[str],
    rng: _Stream,
) -> dict[str, float]:
    measured = model.skills or {}
    skills = {}
    for domain in domains:
        if domain in measured:
            skills[domain] = measured[domain]
        else:
            draw = group.skill if domain in specialties else group.skill_elsewhere
            skills[domain] = draw.draw_within(rng("skill", domain), 0.0, 1.0)
    return skills


def _draw_ratios(group: ProviderGroup, model: ServedModel, rng: _Stream) -> tuple[float, float]:
    """What uncached and what cached input tokens cost, over output tokens."""
    hit_ratio = group.hit_ratio.draw_within(rng("hit_ratio"), 0.0, MOST_RATIO)
    if model.input_ratio is None:
        input_ratio = group.input_ratio.draw_within(rng("input_ratio"), 0.0, MOST_RATIO)
    else:
        input_ratio = model.input_ratio
        hit_ratio = min(hit_ratio, input_ratio)
    return input_ratio, hit_ratio if model.hit_ratio is None else model.hit_ratio


def _listed_base(group: ProviderGroup, model: ServedModel, rng: _Stream) -> float | None:
    """The base of its cost where its model has a list price, USD per 1e6 output tokens."""
    if model.output_usd_per_mtok is None:
        return None
    part = group.cost_over_price.draw_within(rng("cost_over_price"), LOWEST_PART, HIGHEST_PART)
    return min(HIGHEST_BASE, max(LOWEST_BASE, part * model.output_usd_per_mtok))


def _draw_cost(group: ProviderGroup, setting: CostSetting, name: str) -> Cost:
    """Its cost, which the market must be able to believe in where it buys workflows."""
    try:
        cost = group.cost.cost(setting)
    except BadInput as error:
        raise error.inside("cost").inside(f"providers: {name}") from None
    if not LOWEST_COST <= cost.lowest <= cost.highest <= HIGHEST_COST:
        expected = f"expected {LOWEST_COST:g} to {HIGHEST_COST:g} USD per 1e6 output tokens"
        got = f"got one from {cost.lowest:.6g} to {cost.highest:.6g}"
        raise BadInput(f"providers: {name}: cost", f"{expected}, {got}")
    if group.workflow_slots:  # or else it would never be admitted
        try:
            group.prior.check_reach(cost)
        except BadInput as error:
            raise error.inside(f"providers: {name}") from None
    return cost
