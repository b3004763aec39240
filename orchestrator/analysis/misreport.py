"""What one provider could have gained by lying, in the two largest clearings of a run.

The auditor holds them again: the hub auction that awarded most, for the provider that served most
there, and the dearest workflow, for the winner that was paid most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from market.audit import PROVIDER, Finding
from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.audit.clearings import audit_chat, audit_workflow, chat_places, workflow_places


@dataclass(frozen=True)
class Misreport:
    """The best misreport of one provider in one clearing, in USD."""

    where: str
    finding: Finding


def largest_misreports(run: Path) -> Iterator[Misreport]:
    """At most one of a chat clearing and one of a workflow; none of what cannot be held again."""
    log = LoggedRun(run)
    for chat in chat_places(log)[:1]:
        report = audit_chat(log, chat, sides=[PROVIDER], only_busiest_provider=True)
        yield Misreport(f"{chat}, paid by {report.mechanism}", report.findings[0])
    paid = (place for place in workflow_places(log) if place.payment_nano > 0)
    for workflow in islice(paid, 1):
        report = audit_workflow(log, workflow, only_best_paid=True)
        yield Misreport(f"{workflow}, bought by {report.mechanism}", report.findings[0])
