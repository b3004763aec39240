"""What a report finds when it verifies its runs and audits the largest clearings of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hubs.params import WorkflowHubParams
from market.audit import Report
from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.analysis.replay import LoggedAuction, workflow_auction
from orchestrator.audit import (
    Audited,
    WorkflowPlace,
    audit_chat,
    audit_workflow,
    chat_places,
    workflow_places,
)
from orchestrator.report.arms import Arm
from orchestrator.verify.verify import Told, Verdict, verify_run

#: So many clearings of each kind are audited in each run, the largest first.
AUDITED = 1

#: In larger markets only the busiest or best paid provider of a clearing is audited.
MOST_PROVIDERS = 300

#: Which payments a verification finds by solving again without whoever is paid.
PAYMENTS = "none"


@dataclass(frozen=True)
class Sizes:
    """How many clearings of a kind there are that could be audited, and how many were."""

    what: str
    audited: int
    there: int


@dataclass(frozen=True)
class Checked:
    """What came of one run.

    Attributes:
        verdict: of its verification.
        audits: of its largest clearings; none where the log does not hold.
        sizes: what share of all clearings that is, by kind.
    """

    verdict: Verdict
    audits: tuple[Audited, ...] = ()
    sizes: tuple[Sizes, ...] = ()


@dataclass(frozen=True)
class _Held:
    """A workflow auction that was audited, by what rule, and what came of it."""

    auction: LoggedAuction
    hub: WorkflowHubParams
    only_one: bool
    report: Report


def check(arms: Sequence[Arm], told: Told) -> list[Checked]:
    """Verify runs and audit the largest clearings of each.

    A workflow auction in which all is as in that of another run is audited once: runs of one tape
    have many such.

    Raises:
        BadInput: a part of a log cannot be read.
    """
    held: list[_Held] = []
    return [_check(arm, held, told) for arm in arms]


def _check(arm: Arm, held: list[_Held], told: Told) -> Checked:
    verdict = next(verify_run(arm.path, payments=PAYMENTS, told=told))
    if verdict.count:
        return Checked(verdict)
    log = LoggedRun(arm.path)
    chats, workflows = chat_places(log), workflow_places(log)
    sizes = (
        Sizes("chat clearings", len(chats[:AUDITED]), len(chats)),
        Sizes("workflow auctions", len(workflows[:AUDITED]), len(workflows)),
    )
    groups = log.description.scenario.providers
    only_one = sum(group.count for group in groups) > MOST_PROVIDERS
    audits = []
    for chat in chats[:AUDITED]:
        told(f"audit of {chat}")
        report = audit_chat(log, chat, only_busiest_provider=only_one)
        audits.append(Audited(str(chat), report))
    for workflow in workflows[:AUDITED]:
        told(f"audit of {workflow}")
        audits.append(Audited(str(workflow), _of_workflow(log, workflow, held, only_one=only_one)))
    return Checked(verdict, tuple(audits), sizes)


def _of_workflow(
    log: LoggedRun, place: WorkflowPlace, held: list[_Held], *, only_one: bool
) -> Report:
    """The audit of a workflow's auction, or that of another run in which all was the same."""
    auction = workflow_auction(log, place.trial, place.workflow)
    hub = log.description.scenario.hubs.workflow
    for one in held:
        if (one.auction, one.hub, one.only_one) == (auction, hub, only_one):
            return one.report
    report = audit_workflow(log, place, only_best_paid=only_one)
    held.append(_Held(auction, hub, only_one, report))
    return report
