"""Drawing the providers of a trial."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np

from agents.cost import (
    HIGHEST_BASE,
    HIGHEST_COST,
    LOWEST_BASE,
    LOWEST_COST,
    Cost,
    CostSetting,
)
from agents.electricity import Electricity
from agents.presence import Presence
from agents.provider import Provider
from agents.provider_group import HIGHEST_PART, LOWEST_PART, ProviderGroup, all_domains, roster
from agents.quality import Capability, Grader, ScoreTable
from agents.served_model import MOST_RATIO, ServedModel, strongest
from market import seeding
from market.errors import BadInput
from market.profiles import ProviderProfile

#: A generator of a provider's own for each thing that is drawn.
_Stream = Callable[..., np.random.Generator]


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
        group.engine.engine(name, profile.engine),
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
