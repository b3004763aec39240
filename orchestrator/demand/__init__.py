"""Demand: what clients will ask for, and when. A tape that is the same under every mechanism."""

from orchestrator.demand.demand import Demand, count_demand
from orchestrator.demand.dialogue import Answer, Turn
from orchestrator.demand.role import DialogueSource, Setting, WorkflowSource
from orchestrator.demand.sources import DemandParams
from orchestrator.demand.workflow_tape import WorkflowArrival

__all__ = [
    "Answer",
    "Demand",
    "DemandParams",
    "DialogueSource",
    "Setting",
    "Turn",
    "WorkflowArrival",
    "WorkflowSource",
    "count_demand",
]
