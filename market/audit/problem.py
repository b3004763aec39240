"""The audit of a problem in the JSON form of ``market.solve``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from market.audit.matching import audit_matching
from market.audit.report import CLIENT, PROVIDER, Problem, Report
from market.audit.workflow_client import audit_workflow_client
from market.audit.workflow_providers import audit_workflow_providers
from market.errors import BadInput
from market.fields import Fields
from market.matching.problem import read_market
from market.workflow.problem import read_auction

KINDS = ("workflow", "matching")


def audit(
    problem: Problem,
    *,
    sides: Iterable[str] | None = None,
    owners: Sequence[str] | None = None,
    cost_basis: str | None = None,
    progress: Callable[[str], None] = lambda participant: None,
) -> Report:
    """Audit a problem whose stated bids are the true costs, and whose values are true.

    Args:
        problem: as ``market.solve`` takes it.
        sides: ``provider``, ``client`` or both. None stands for those who report amounts: both
            sides of a matching, the providers of a workflow. A workflow's client reports lengths.
        owners: of a matching: to whom each request really belongs.
        cost_basis: of a workflow: see ``audit_workflow_providers``.
        progress: told of every participant before its turn.

    Raises:
        BadInput: a malformed problem, or an argument that does not fit it.
        WalrasError: whatever else solving it raises.
    """
    kind = Fields(problem, "").choice("kind", KINDS)
    default = (PROVIDER,) if kind == "workflow" else (CLIENT, PROVIDER)
    chosen = default if sides is None else tuple(sides)
    if not chosen:
        raise BadInput("sides", "expected provider, client or both, got none")
    for side in chosen:
        if side not in (PROVIDER, CLIENT):
            raise BadInput("sides", f"expected provider or client, got {side!r}")
    if kind == "matching":
        if cost_basis is not None:
            raise BadInput("cost_basis", "is for workflows, got it with a matching")
        market = read_market(problem)
        return audit_matching(market, owners=owners, sides=chosen, progress=progress)
    if owners is not None:
        raise BadInput("owners", "are for matchings, got them with a workflow")
    auction = read_auction(problem)
    reports = []
    if PROVIDER in chosen:
        reports.append(audit_workflow_providers(auction, cost_basis=cost_basis, progress=progress))
    if CLIENT in chosen:
        reports.append(audit_workflow_client(auction, progress=progress))
    return merged(reports)


def merged(reports: Sequence[Report]) -> Report:
    """One report of what several say about one market."""
    return Report(
        mechanism=reports[0].mechanism,
        findings=tuple(finding for report in reports for finding in report.findings),
        checks=tuple(check for report in reports for check in report.checks),
        notes=tuple(note for report in reports for note in report.notes),
    )
