"""The award of a workflow: the contract that its winners are paid by."""

from __future__ import annotations

from dataclasses import dataclass

from market.messages import WorkflowRequest
from market.workflow.mechanisms import Outcome


@dataclass(frozen=True)
class WorkflowAward:
    """A workflow that was bought, from whom of which bidders, and what each is to be paid."""

    request: WorkflowRequest
    bidders: tuple[str, ...]
    outcome: Outcome
    payments_nano: dict[str, int]
