"""Drawing providers that differ from distributions that a scenario states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from agents.capability import Capability
from agents.cost import CostParams, FromCost, PaperCost, PriorParams
from agents.electricity import Electricity
from agents.engine import SimulatedEngine
from agents.engine.profiles import ENGINE_PROFILES
from agents.params import Distribution, Draw, Params
from agents.provider import Provider
from agents.strategy import Strategy, Truthful
from market import seeding
from market.errors import BadInput
from market.profiles import EngineProfile, ProviderProfile

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


class EngineParams(Params):
    """Which engine serves a provider.

    ``speed`` divides all times of the ``profile``; ``block_size``, ``kv_blocks`` and
    ``max_model_len`` replace its own where given.
    """

    kind: Literal["simulated"] = "simulated"
    profile: str = "medium"
    speed: Draw = Distribution(uniform=(0.8, 1.25))
    block_size: int | None = Field(None, ge=1, le=100_000)
    kv_blocks: int | None = Field(None, ge=1, le=100_000_000)
    max_model_len: int | None = Field(None, ge=1, le=1_000_000_000)

    @model_validator(mode="after")
    def _known(self) -> EngineParams:
        if self.profile not in ENGINE_PROFILES:
            names = ", ".join(ENGINE_PROFILES)
            raise ValueError(f"expected a profile among {names}; got {self.profile!r}")
        return self

    def draw_profile(self, rng: np.random.Generator) -> EngineProfile:
        """The profile of one engine."""
        profile = ENGINE_PROFILES[self.profile]
        speed = self.speed.draw_within(rng, 0.01, 100.0)
        return replace(
            profile,
            block_size=self.block_size or profile.block_size,
            kv_blocks=self.kv_blocks or profile.kv_blocks,
            max_model_len=self.max_model_len or profile.max_model_len,
            step_s=profile.step_s / speed,
            prefill_s_per_token=profile.prefill_s_per_token / speed,
            decode_s_per_seq=profile.decode_s_per_seq / speed,
        )


class ProviderGroup(Params):
    """``count`` providers drawn from the same distributions.

    Each specialises in ``specialties`` of the ``domains``: its skill is drawn from ``skill``
    there and from ``skill_elsewhere`` in all other domains. Its published benchmark scores are
    its skills with normal noise of deviation ``score_noise``.
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
    engine: EngineParams = EngineParams()
    cost: CostParams = CostParams()
    strategy: Strategy = Truthful()
    prior: PriorParams = FromCost()

    @model_validator(mode="after")
    def _serves_somebody(self) -> ProviderGroup:
        if not self.chat_slots and not self.workflow_slots:
            raise ValueError("chat_slots and workflow_slots are both 0: it can serve nobody")
        if len(set(self.domains)) != len(self.domains):
            raise ValueError(f"expected different domains, got {', '.join(self.domains)}")
        if self.specialties > len(self.domains):
            most = len(self.domains)
            raise ValueError(
                f"specialties: expected at most {most}, the domains; got {self.specialties}"
            )
        return self


def all_domains(groups: Sequence[ProviderGroup]) -> tuple[str, ...]:
    """Every domain that any group names, in order of name."""
    return tuple(sorted({domain for group in groups for domain in group.domains}))


def draw_providers(
    groups: Sequence[ProviderGroup], electricity: Electricity, seed: int
) -> list[Provider]:
    """All providers of a trial, in order of id; each one's draws depend on its id alone."""
    domains = all_domains(groups)
    providers = [
        _draw_provider(f"{group.name}-{number:03d}", group, domains, electricity, seed)
        for group in groups
        for number in range(group.count)
    ]
    return sorted(providers, key=lambda provider: provider.profile.provider)


def _draw_provider(
    name: str, group: ProviderGroup, domains: Sequence[str], electricity: Electricity, seed: int
) -> Provider:
    def rng(what: str) -> np.random.Generator:
        return seeding.stream(seed, "provider", name, what)

    chosen = rng("specialties").choice(len(group.domains), group.specialties, replace=False)
    specialties = tuple(sorted(group.domains[index] for index in chosen))
    skills = _draw_skills(group, specialties, domains, seed, name)
    noise = {domain: rng(f"score {domain}").normal(0, group.score_noise) for domain in domains}
    profile = ProviderProfile(
        provider=name,
        tier=group.tier,
        domains=specialties,
        scores={domain: min(1.0, max(0.0, skills[domain] + noise[domain])) for domain in domains},
        input_ratio=group.input_ratio.draw_within(rng("input_ratio"), 0.0, 1e3),
        hit_ratio=group.hit_ratio.draw_within(rng("hit_ratio"), 0.0, 1e3),
        chat_slots=group.chat_slots,
        workflow_slots=group.workflow_slots,
        engine=group.engine.draw_profile(rng("speed")),
    )
    base = group.cost.base.draw_within(rng("base"), 1e-6, 1e6)
    cost = PaperCost(group.cost, base, electricity, seed, "provider", name)
    _check_prior(name, group, cost)
    return Provider(
        profile,
        SimulatedEngine(name, profile.engine),
        cost,
        group.prior,
        group.strategy,
        Capability(skills, elsewhere=min(skills.values())),
        seed,
    )


def _check_prior(name: str, group: ProviderGroup, cost: PaperCost) -> None:
    """A provider whose every true cost is above its prior would never be admitted."""
    _, high = group.prior.support(cost, 0.0)
    lowest, _ = cost.support(0.0)
    if group.workflow_slots and high < lowest:
        raise BadInput(
            f"providers: {name}: prior",
            f"expected a high end of at least its lowest cost, {lowest:.6g}, got {high:g}",
        )


def _draw_skills(
    group: ProviderGroup, specialties: Sequence[str], domains: Sequence[str], seed: int, name: str
) -> dict[str, float]:
    skills = {}
    for domain in domains:
        draw = group.skill if domain in specialties else group.skill_elsewhere
        rng = seeding.stream(seed, "provider", name, "skill", domain)
        skills[domain] = draw.draw_within(rng, 0.0, 1.0)
    return skills
