"""Putting a market together from a scenario: who takes part in a trial, and in which hub."""

from __future__ import annotations

from dataclasses import dataclass

from agents.client import ClientPopulation
from agents.population import draw_providers
from agents.provider import Provider
from agents.provider_group import all_domains, roster
from hubs.clustering import CLUSTERINGS
from hubs.routing.router import Router
from market import seeding
from market.profiles import ProviderProfile
from orchestrator.demand import Demand, DemandParams, Setting
from orchestrator.scenario.model import Scenario


@dataclass(frozen=True)
class Market:
    """One trial as the orchestrator sees it: everyone's public side, and the demand.

    Providers and hubs themselves live in a runtime. Hubs have a seed of their own: from the
    trial's they could draw every private number again. ``speakers`` are the providers whose
    engines can be asked in text.
    """

    seed: int
    hub_seed: int
    domains: tuple[str, ...]
    providers: tuple[ProviderProfile, ...]
    matching_members: dict[str, tuple[ProviderProfile, ...]]
    workflow_members: tuple[ProviderProfile, ...]
    speakers: frozenset[str]
    router: Router
    clients: ClientPopulation
    demand: Demand


def assemble(scenario: Scenario, trial: int) -> Market:
    """Draw one trial."""
    seed = trial_seed(scenario, trial)
    domains = all_domains(scenario.providers)
    profiles = tuple(provider.profile for provider in build_providers(scenario, seed))
    chatting = [profile for profile in profiles if profile.chat_slots]
    hubs = scenario.hubs
    clustered = CLUSTERINGS[hubs.cluster](chatting, hubs.count, seeding.stream(seed, "clustering"))
    members = {
        hub: tuple(chatting[index] for index in cluster)
        for hub, cluster in zip(matching_hubs(scenario), clustered, strict=True)
    }
    return Market(
        seed=seed,
        hub_seed=seeding.content_id("hubs", seed),
        domains=domains,
        providers=profiles,
        matching_members=members,
        workflow_members=tuple(profile for profile in profiles if profile.workflow_slots),
        speakers=frozenset(
            name for name, group in roster(scenario.providers).items() if group.engine.is_real
        ),
        router=Router(members, domains, hubs.routing, hubs.overflow),
        clients=ClientPopulation(scenario.clients, seed),
        demand=Demand(demand_settings(scenario, seed)),
    )


def matching_hubs(scenario: Scenario) -> list[str]:
    """The names of the matching hubs."""
    return [f"hub-{number}" for number in range(scenario.hubs.count)]


def trial_seed(scenario: Scenario, trial: int) -> int:
    """The seed of one trial, from which all its private draws come."""
    return seeding.content_id("trial", scenario.seed, trial)


def build_providers(scenario: Scenario, seed: int) -> list[Provider]:
    """The providers of a trial, in order of id."""
    return draw_providers(scenario.providers, scenario.electricity, seed)


def demand_settings(scenario: Scenario, seed: int) -> list[tuple[DemandParams, Setting]]:
    """Every source of demand with the setting it plays in."""
    domains = all_domains(scenario.providers)
    return [
        (params, Setting(seed, f"d{number}", scenario.horizon_s, scenario.round_s, domains))
        for number, params in enumerate(scenario.demand)
    ]
