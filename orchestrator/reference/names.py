"""The keys whose values are names that a registry knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pydantic import BaseModel

from agents.engine.profiles import ENGINE_PROFILES
from agents.engine_params import EngineBase
from hubs.clustering import CLUSTERINGS
from hubs.mechanisms import MECHANISMS
from hubs.params import HubParams, WorkflowHubParams
from hubs.routing import ROUTINGS
from market.workflow.mechanisms import MECHANISMS as WORKFLOW_MECHANISMS
from orchestrator.demand.sources import WorkflowDemand
from orchestrator.demand.workflow_tape import WORKFLOW_NAMES
from orchestrator.scenario.model import Scenario

#: By model and key, the names, and the heading under which the reference lists them.
REGISTRIES: Mapping[tuple[type[BaseModel], str], tuple[Collection[str], str]] = {
    (Scenario, "compare"): (MECHANISMS, "Mechanisms"),
    (HubParams, "mechanism"): (MECHANISMS, "Mechanisms"),
    (HubParams, "cluster"): (CLUSTERINGS, "Clusterings"),
    (HubParams, "routing"): (ROUTINGS, "Routings"),
    (WorkflowHubParams, "mechanism"): (WORKFLOW_MECHANISMS, "Workflow mechanisms"),
    (WorkflowDemand, "names"): (WORKFLOW_NAMES, "Workflows"),
    (EngineBase, "profile"): (ENGINE_PROFILES, "Engine profiles"),
}


def registry(model: type[BaseModel], key: str) -> tuple[Collection[str], str] | None:
    """The names that a key of a model takes and their heading; None where they are free."""
    found = (REGISTRIES[base, key] for base in model.__mro__ if (base, key) in REGISTRIES)
    return next(found, None)
