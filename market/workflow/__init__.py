"""Workflows of LLM sub-tasks, bought in a reverse auction (STAR)."""

from market.workflow.auction import WorkflowAuction
from market.workflow.graph import Edge, Node, Workflow
from market.workflow.offer import Offer
from market.workflow.payments import Breakpoint
from market.workflow.priors import (
    PRIORS,
    Empirical,
    Prior,
    TruncatedLognormal,
    TruncatedNormal,
    Uniform,
)
from market.workflow.problem import read_auction, solve_workflow
from market.workflow.problem_form import written_auction
from market.workflow.star import StarOptions, StarOutcome, star

__all__ = [
    "PRIORS",
    "Breakpoint",
    "Edge",
    "Empirical",
    "Node",
    "Offer",
    "Prior",
    "StarOptions",
    "StarOutcome",
    "TruncatedLognormal",
    "TruncatedNormal",
    "Uniform",
    "Workflow",
    "WorkflowAuction",
    "read_auction",
    "solve_workflow",
    "star",
    "written_auction",
]
