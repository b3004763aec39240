"""What a report finds when it verifies its runs and audits the largest clearings of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.audit import (
    Audited,
    ChatPlace,
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


def check(arm: Arm, told: Told) -> Checked:
    """Verify a run and audit its largest clearings.

    Raises:
        BadInput: a part of its log cannot be read.
    """
    verdict = next(verify_run(arm.path, payments=PAYMENTS, told=told))
    if verdict.count:
        return Checked(verdict)
    log = LoggedRun(arm.path)
    chats, workflows = chat_places(log), workflow_places(log)
    sizes = (
        Sizes("chat clearings", len(chats[:AUDITED]), len(chats)),
        Sizes("workflow auctions", len(workflows[:AUDITED]), len(workflows)),
    )
    audits = _audits(log, chats[:AUDITED], workflows[:AUDITED], told)
    return Checked(verdict, tuple(audits), sizes)


def _audits(
    log: LoggedRun, chats: Sequence[ChatPlace], workflows: Sequence[WorkflowPlace], told: Told
) -> Iterator[Audited]:
    groups = log.description.scenario.providers
    only_one = sum(group.count for group in groups) > MOST_PROVIDERS
    for chat in chats:
        told(f"audit of {chat}")
        yield Audited(str(chat), audit_chat(log, chat, only_busiest_provider=only_one))
    for workflow in workflows:
        told(f"audit of {workflow}")
        yield Audited(str(workflow), audit_workflow(log, workflow, only_best_paid=only_one))
