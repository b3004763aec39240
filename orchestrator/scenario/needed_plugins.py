"""Which plug-ins a scenario names, and what of them must be the same wherever it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from agents.client import ClientParams
from agents.engine_params import ENGINES
from agents.provider_group import ProviderGroup
from agents.strategy.choices import STRATEGIES
from hubs.mechanisms import NAMES
from market.plugins import GROUPS, Role, offered
from market.release import Release, running_release
from market.workflow.mechanisms import NAMES as RULE_NAMES
from orchestrator.demand.sources import SOURCES
from orchestrator.scenario.model import Scenario


def needed_plugins(scenario: Scenario) -> dict[str, str]:
    """By key, package, version and source of the plug-ins that a scenario names."""
    found = (role.find(name) for role, name in _names(scenario))
    return {plugin.key: plugin.release for plugin in found if plugin is not None}


def needed_release(scenario: Scenario) -> Release:
    """What every process of a market must run: this release, with the plug-ins that are named."""
    return replace(running_release(), plugins=needed_plugins(scenario))


def _names(scenario: Scenario) -> Iterator[tuple[Role, str]]:
    hubs = scenario.hubs
    yield from ((NAMES, name) for name in (hubs.mechanism, *scenario.compare))
    yield RULE_NAMES, hubs.workflow.mechanism
    for group in scenario.providers:
        yield ENGINES, group.engine.kind
    parties: list[ClientParams | ProviderGroup] = [scenario.clients, *scenario.providers]
    for party in parties:
        yield STRATEGIES, party.strategy.kind
        if party.panel is not None:
            yield STRATEGIES, party.panel.strategy.kind
    yield from ((SOURCES, source.kind) for source in scenario.demand)


def missing_plugin(versions: object) -> str | None:
    """The first plug-in among the ``versions`` of a ``run.json`` that is not installed here."""
    for key, release in versions.items() if isinstance(versions, dict) else ():
        if key.partition(":")[0] in GROUPS and key not in offered():
            return f"the plug-in {key} of {release}"
    return None


def changed_plugins(scenario: Scenario, versions: Mapping[str, str]) -> list[str]:
    """The keys of the plug-ins that are no longer those which ``versions`` says a run had."""
    needed = needed_plugins(scenario)
    return [key for key, release in needed.items() if versions.get(key) != release]
