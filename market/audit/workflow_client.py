"""The client of a workflow: does declaring other lengths than the true ones gain for it?

No rule here promises anything about this. The client's report has one number for every node and
edge, so only some lies are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from market.audit.report import CLIENT, SEARCH, TOLERANCE, Finding, Report
from market.errors import BadInput
from market.workflow import Workflow
from market.workflow.auction import WorkflowAuction
from market.workflow.problem_form import written_auction
from market.workflow.quantities import quantities_of

#: What the client is billed: the payments for the declared lengths, or every winner's payment
#: times the quantity that it really ran over the one that was declared, whatever the rule paid for.
SETTLEMENTS = ("predicted", "realized")

#: What lengths are multiplied by.
FACTORS = (0.25, 0.5, 0.8, 0.95, 1.05, 1.25, 2.0, 4.0)


def audit_workflow_client(
    auction: WorkflowAuction,
    *,
    settlements: tuple[str, ...] = SETTLEMENTS,
    progress: Callable[[str], None] = lambda settlement: None,
) -> Report:
    """The best of some declarations, under each of the ``settlements``; utility is -payment.

    The lengths of the workflow are the true ones. Declared are all of them scaled, all outputs,
    all contexts, or a single node's output with what it passes on. Raises what the rule raises.
    """
    findings = []
    for settlement in settlements:
        if settlement not in SETTLEMENTS:
            expected = ", ".join(SETTLEMENTS)
            raise BadInput("settlements", f"expected some of {expected}; got {settlement!r}")
        progress(settlement)
        findings.append(_finding(auction, settlement))
    note = "the client's lies about lengths are a search: what gains is proven, the rest is not"
    return Report(auction.described, tuple(findings), (), (note,))


def _finding(auction: WorkflowAuction, settlement: str) -> Finding:
    truth = auction.workflow
    truthful = -_bill(auction, truth, settlement)
    best, told, declared = truthful, "declares the true lengths", truth
    for what, lie in _declarations(truth):
        utility = -_bill(auction, lie, settlement)
        if utility - best > TOLERANCE * max(-truthful, -utility):
            best, told, declared = utility, what, lie
    return Finding(
        participant=f"under {settlement} settlement",
        side=CLIENT,
        truth="declares the true lengths",
        misreport=told,
        truthful_utility=truthful,
        best_utility=best,
        attained=True,
        witness_utility=best,
        method=SEARCH,
        scale=max(-truthful, -best),
        counterexample=lambda: written_auction(replace(auction, workflow=declared)),
    )


def _bill(auction: WorkflowAuction, declared: Workflow, settlement: str) -> float:
    """What the client pays for its true workflow if it declares this one, in USD."""
    outcome = replace(auction, workflow=declared).buy()
    if settlement == "predicted":
        return sum(outcome.payments_usd.values())
    ratios = {offer.provider: offer.input_ratio for offer in auction.offers}
    hits = {offer.provider: offer.hit_ratio for offer in auction.offers}
    options = auction.options
    real, said = (
        quantities_of(
            workflow,
            outcome.allocation,
            ratios,
            charge_entry_input=options.charge_entry_input,
            hit_ratio=hits if options.charge_cached_input else None,
        )
        for workflow in (auction.workflow, declared)
    )
    return sum(
        paid * real[name] / said[name]
        for name, paid in outcome.payments_usd.items()
        if said[name] > 0
    )


def _declarations(truth: Workflow) -> Iterator[tuple[str, Workflow]]:
    """Other lengths, in words and as a workflow; those that are no workflow are left out."""
    ones = [1.0] * len(truth.nodes), [1.0] * len(truth.edges)
    for factor in FACTORS:
        nodes, edges = [factor] * len(truth.nodes), [factor] * len(truth.edges)
        tried = [
            (f"declares all lengths times {factor:g}", nodes, edges),
            (f"declares all outputs times {factor:g}", nodes, ones[1]),
            (f"declares all transfers times {factor:g}", ones[0], edges),
        ]
        for node in truth.nodes:
            own = [factor if other is node else 1.0 for other in truth.nodes]
            passed = [factor if edge.source == node.id else 1.0 for edge in truth.edges]
            tried.append((f"declares node {node.id!r} times {factor:g}", own, passed))
        for what, node_factors, edge_factors in tried:
            try:
                declared = truth.scaled(node_factors, edge_factors)
            except BadInput:  # more tokens than a workflow may have
                continue
            yield what, declared
