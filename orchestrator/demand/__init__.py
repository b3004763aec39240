"""Demand: what clients will ask for, and when. A tape that is the same under every mechanism."""

from orchestrator.demand.dialogue import Answer, Turn
from orchestrator.demand.sources import Demand, DemandParams, Setting, count_demand
from orchestrator.demand.workflow_tape import WorkflowArrival

__all__ = ["Answer", "Demand", "DemandParams", "Setting", "Turn", "WorkflowArrival", "count_demand"]
