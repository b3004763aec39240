"""The providers of a workflow auction: does a bid other than its cost gain for one of them?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from market.audit.report import (
    EXACT,
    HOLDS,
    NOT_CHECKED,
    PROVIDER,
    SEARCH,
    TOLERANCE,
    VIOLATED,
    Check,
    Finding,
    Report,
    check_of,
)
from market.audit.single_parameter import NOTHING, Answer, Respond, explore
from market.errors import BadInput, NotProvenOptimal, TooCostly
from market.money import TOKENS_PER_MTOK
from market.workflow.allocation import allocation_problem
from market.workflow.auction import WorkflowAuction
from market.workflow.mechanisms import Outcome
from market.workflow.mechanisms.role import COST_BASES
from market.workflow.offer import Offer, admitted
from market.workflow.problem_form import written_auction
from market.workflow.quantities import total_usd
from market.workflow.solvers import choose_solver

#: Allocations are compared by everybody's virtual cost, which is rounded to 1e-15 of itself or
#: so: nobody's amounts are judged as finely as if they were less than this part of it.
_ROUNDING_SHARE = 1e-6

#: A gain of this part of a provider's amounts must be seen, or it is not judged at all.
_VISIBLE = 1e-6
#: USD; whoever has no more takes no part.
_LEAST_AMOUNT = 1e-20

#: The payment identity adds up many amounts.
_IDENTITY_TOLERANCE = 10 * TOLERANCE


def audit_workflow_providers(
    auction: WorkflowAuction,
    *,
    true_costs: Mapping[str, float] | None = None,
    cost_basis: str | None = None,
    providers: Iterable[str] | None = None,
    progress: Callable[[str], None] = lambda provider: None,
) -> Report:
    """The best bid of every provider, and what holds of the rule in this market.

    Args:
        auction: everybody's reports.
        true_costs: by provider, USD per 1e6 output tokens; what is not given is as reported.
        cost_basis: what the cost is of, one of ``COST_BASES``: ``run``, the provider's quantity,
            or ``cold``, the work of its nodes without any cache. None leaves it to the rule, which
            knows what it pays for.
        providers: those to audit; None for all.
        progress: told of every provider before its turn.

    Raises ``BadInput``, ``Infeasible`` and whatever else the rule raises at the reports.
    """
    basis = auction.rule.cost_basis if cost_basis is None else cost_basis
    if basis not in COST_BASES:
        raise BadInput("cost_basis", f"expected one of {', '.join(COST_BASES)}; got {basis!r}")
    names = [offer.provider for offer in auction.offers]
    wanted = names if providers is None else list(providers)
    outcome = auction.buy()
    least_scale = _ROUNDING_SHARE * _objective_usd(auction, outcome)
    audited = []
    for name in wanted:
        if name not in names:
            raise BadInput("providers", f"expected some of those that offer, got {name!r}")
        progress(name)
        audited.append(_ProviderAudit(auction, name, true_costs or {}, basis, least_scale))
    notes = [f"a provider's cost is its base cost times {_BASES[basis]}"]
    drowned = [one.offer.provider for one in audited if one.is_drowned]
    if drowned:
        notes.append(
            f"the amounts of {', '.join(drowned)} are too small beside those of the market to be"
            " judged: what holds does so for the others"
        )
    return Report(
        mechanism=auction.described,
        findings=tuple(one.finding() for one in audited),
        checks=(
            check_of("monotone", [fault for one in audited for fault in one.rises()]),
            check_of("individually rational", [fault for one in audited for fault in one.losses()]),
            _optimality(auction, outcome),
            _identity(audited, auction.options.reserve),
        ),
        notes=tuple(notes),
    )


_BASES = {
    "run": "what it runs, q_i(A)",
    "cold": "the cold work of its nodes, all their input counted whether cached or not",
}


class _ProviderAudit:
    """One provider: the answers to all bids it could make, and to the truth."""

    def __init__(
        self,
        auction: WorkflowAuction,
        name: str,
        true_costs: Mapping[str, float],
        basis: str,
        least_scale: float,
    ):
        (self.offer,) = (offer for offer in auction.offers if offer.provider == name)
        self.auction = auction
        self.cost = true_costs.get(name, self.offer.bid)
        low, top = min(self.offer.prior.low, self.cost), self.offer.prior.high
        respond = _responder(auction, self.offer, basis)
        rule, options = auction.rule, auction.options
        critical: Sequence[float] | None = None
        if rule.critical_bids is not None:
            at_low = auction.with_bid(name, low)
            critical = rule.critical_bids(auction.workflow, at_low.offers, name, options)
        # A bid above the top of the prior is declined, or forbidden: whoever costs more is out.
        truth = [self.cost] if self.cost <= top else []
        self.curve = explore(respond, low, top, critical, also=truth)
        self.truthful = self.curve.answers[self.cost] if truth else NOTHING
        own = self.curve.scale(self.cost)
        self.scale = max(own, least_scale)
        self.is_drowned = own > _LEAST_AMOUNT and TOLERANCE * self.scale > _VISIBLE * own

    def finding(self) -> Finding:
        best = self.curve.best(self.cost, self.cost, self.truthful)
        name = self.offer.provider
        exact = self.curve.exact and self.auction.options.payment_method == "exact"
        return Finding(
            participant=name,
            side=PROVIDER,
            truth=f"bids its cost, {self.cost:.6g}",
            misreport=f"bids {best.witness:.12g}",
            truthful_utility=self.truthful.utility(self.cost),
            best_utility=best.utility,
            attained=best.attained,
            witness_utility=best.witness_utility,
            method=EXACT if exact else SEARCH,
            scale=self.scale,
            counterexample=lambda: written_auction(self.auction.with_bid(name, best.witness)),
        )

    def rises(self) -> Iterable[str]:
        for low, high in self.curve.rises(TOLERANCE * self.scale):
            before, after = (self.curve.answers[bid].quantity for bid in (low, high))
            yield (
                f"{self.offer.provider} has {before * TOKENS_PER_MTOK:.6g} tokens at the bid"
                f" {low:.9g} and {after * TOKENS_PER_MTOK:.6g} at {high:.9g}"
            )

    def losses(self) -> Iterable[str]:
        utility = self.truthful.utility(self.cost)
        if utility < -TOLERANCE * self.scale:
            yield f"{self.offer.provider} loses {-utility:.6g} USD with the truth"


def _responder(auction: WorkflowAuction, offer: Offer, basis: str) -> Respond:
    """What a bid gets: quantity in 1e6 tokens, so that a cost times it is USD."""
    problem = allocation_problem(auction.workflow, auction.offers, **auction.options.charges)
    names = [one.provider for one in auction.offers]
    position = {name: i for i, name in enumerate(names)}
    me = position[offer.provider]

    def work(outcome: Outcome) -> float:
        if basis == "run":
            return outcome.quantities.get(offer.provider, 0.0)
        allocation = [position[outcome.allocation[node.id]] for node in auction.workflow.nodes]
        return float(problem.cold_quantities(np.array([allocation]))[0, me])

    def respond(bid: float) -> Answer:
        outcome = auction.with_bid(offer.provider, bid).buy()
        paid = outcome.payments_usd.get(offer.provider, 0.0)
        return Answer(work(outcome) / TOKENS_PER_MTOK, paid)

    return respond


def _objective_usd(auction: WorkflowAuction, outcome: Outcome) -> float:
    """What the allocation costs in terms of what the rule minimises; 0 where it claims nothing."""
    price = auction.rule.minimises
    if price is None:
        return 0.0
    quantity = outcome.quantities
    won = [offer for offer in auction.offers if offer.provider in quantity]
    return sum(price(offer) * quantity[offer.provider] for offer in won) / TOKENS_PER_MTOK


def _optimality(auction: WorkflowAuction, outcome: Outcome) -> Check:
    """Whether another exact solver, on everybody who takes part, finds nothing cheaper."""
    name, price = "optimal", auction.rule.minimises
    if price is None:
        return Check(name, NOT_CHECKED, "the rule does not claim it")
    bidders = admitted(auction.offers, auction.options.reserve)
    problem = allocation_problem(auction.workflow, bidders, **auction.options.charges)
    prices = np.array([price(offer) for offer in bidders])
    other = "elimination" if getattr(outcome, "solver", None) == "highs" else "highs"
    try:
        (allocation,) = choose_solver(other, [problem])(problem).allocate(prices[None])
    except (TooCostly, NotProvenOptimal) as error:
        return Check(name, NOT_CHECKED, str(error))
    reached = _objective_usd(auction, outcome)
    (cheapest,) = problem.quantities(allocation[None])
    found = total_usd(prices, cheapest)
    detail = f"{reached:.9g} USD, {found:.9g} by {other}"
    same = abs(reached - found) <= TOLERANCE * max(abs(reached), abs(found))
    return Check(name, HOLDS if same else VIOLATED, detail)


def _identity(audited: Sequence[_ProviderAudit], reserve: str) -> Check:
    """Myerson's payment identity, from the quantities of fresh auctions.

    Where it holds up to a constant, no lie gains; the constant is what a provider at the top of
    its prior gains or, without a reserve, loses.
    """
    faults, constants = [], []
    for one in audited:
        residuals = one.curve.residuals()
        slack = _IDENTITY_TOLERANCE * one.scale
        if max(residuals) - min(residuals) > slack:
            off = max(residuals, key=abs)
            faults.append(f"{one.offer.provider} is paid {off:+.6g} USD beside it")
        elif abs(residuals[0]) > slack:
            constants.append(f"{one.offer.provider} {residuals[0]:+.6g} USD")
    check = check_of("payment identity", faults)
    if faults or not constants:
        return check
    if reserve == "support_top":
        return Check(check.name, VIOLATED, f"paid beside it at any bid: {', '.join(constants)}")
    return Check(
        check.name, HOLDS, f"up to a constant, there is no reserve: {', '.join(constants)}"
    )
