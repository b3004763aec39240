"""STAR: a workflow is bought in a reverse auction, at least total virtual cost.

Source: "Truthful and Cost-Minimizing Model Routing in Graph-Based Agentic Workflows", section 4.
Two repairs keep it truthful: payments are made on the quantity that the objective multiplies, and
work that is never lost is paid at the top of the prior. Both can be switched off, to see what the
paper's own rules do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TypedDict

import numpy as np

from market.fields import Fields, check_unique
from market.workflow.allocation import AllocationProblem, allocation_problem
from market.workflow.dominance import Front
from market.workflow.graph import Workflow
from market.workflow.interval_splitting import interval_splitting
from market.workflow.offer import RESERVES, Offer, admitted
from market.workflow.payments import Breakpoint, bid_breakpoints, payment_usd
from market.workflow.quantities import total_usd
from market.workflow.quantity_curve import QuantityCurve, Workload
from market.workflow.solvers import SOLVERS, choose_solver

#: The work that is paid for, by the name it is asked for by.
WORKLOADS: Mapping[str, Workload] = {
    "cost_bearing": AllocationProblem.quantities,
    "published": AllocationProblem.cold_quantities,
}

PAYMENT_METHODS = ("exact", "bisection")


class Charges(TypedDict):
    """What of the input of a workflow is charged, see ``StarOptions``."""

    charge_entry_input: bool
    charge_cached_input: bool


@dataclass(frozen=True)
class StarOptions:
    """How a workflow is bought; the defaults are truthful.

    ``workload``: ``cost_bearing`` pays the quantity that the objective multiplies; ``published``
    the paper's omega, which counts cached input too and can rise with the bid.
    ``payment_method``: ``exact`` breakpoints, or the paper's ``bisection``.
    ``reserve``: ``support_top`` pays retained work at the top of the prior and declines bids above
    it; ``none`` is the paper's algorithm 1, which pays nothing for retained work.
    ``charge_entry_input``: whether the external input of entry nodes counts as work.
    ``charge_cached_input``: whether what a node reads from its own provider's nodes counts too, at
    the provider's hit ratio; in the paper it is free.
    """

    solver: str = "auto"
    workload: str = "cost_bearing"
    payment_method: str = "exact"
    reserve: str = "support_top"
    charge_entry_input: bool = True
    charge_cached_input: bool = False

    def __post_init__(self) -> None:
        own = Fields({field.name: getattr(self, field.name) for field in fields(self)}, "options")
        own.choice("solver", SOLVERS)
        own.choice("workload", tuple(WORKLOADS))
        own.choice("payment_method", PAYMENT_METHODS)
        own.choice("reserve", RESERVES)
        own.flag("charge_entry_input", default=True)
        own.flag("charge_cached_input", default=False)

    @property
    def charges(self) -> Charges:
        """What of the input is charged, as ``allocation_problem`` takes it."""
        return Charges(
            charge_entry_input=self.charge_entry_input,
            charge_cached_input=self.charge_cached_input,
        )


@dataclass(frozen=True)
class StarOutcome:
    """Who runs what, and what each winner is paid.

    Keys are node ids in ``allocation`` and providers elsewhere; only providers that run a node
    appear. ``quantities`` are tokens, output-token equivalents. ``breakpoints`` are the bids at
    which a winner would lose work that it is paid for, ascending; what is left after them it would
    keep at any bid up to the top of its prior. ``solver`` is the one that was used.
    """

    virtual_cost_usd: float
    allocation: Mapping[str, str]
    quantities: Mapping[str, float]
    payments_usd: Mapping[str, float]
    breakpoints: Mapping[str, tuple[Breakpoint, ...]]
    solver: str


def star(
    workflow: Workflow, offers: Sequence[Offer], options: StarOptions | None = None
) -> StarOutcome:
    """Buy ``workflow`` from ``offers``, whose order is the canonical order that breaks ties.

    Raises ``BadInput``, ``Infeasible`` where a node has no capable provider, ``TooCostly`` and
    ``NotProvenOptimal``.
    """
    options = options or StarOptions()
    check_unique("providers", [offer.provider for offer in offers])
    bidders = admitted(offers, options.reserve)
    problem = allocation_problem(workflow, bidders, **options.charges)
    prices = np.array([offer.virtual_cost for offer in bidders], dtype=np.float64)

    front = Front.of(problem, prices)
    market = problem.among(front.members)
    # Whoever a winner dominates may be needed once its bid rises.
    markets_around = {
        i: problem.among(np.append(front.without(i), i)) for i in front.members.tolist()
    }
    solver_for = choose_solver(options.solver, [market, *markets_around.values()])

    solver = solver_for(market)
    (allocation,) = solver.allocate(prices[None])
    (quantity,) = problem.quantities(allocation[None])
    winners = {i: bidders[i] for i in np.unique(allocation).tolist()}
    lost = {}
    for i, offer in winners.items():
        workload = WORKLOADS[options.workload]
        around = solver_for(markets_around[i])
        curve = QuantityCurve(around, prices, i, offer, allocation, workload)
        lost[i] = _work_lost(curve, offer, options.payment_method)
    names = [offer.provider for offer in bidders]
    return StarOutcome(
        virtual_cost_usd=total_usd(prices, quantity),
        allocation={
            node.id: names[i] for node, i in zip(workflow.nodes, allocation.tolist(), strict=True)
        },
        quantities={names[i]: float(quantity[i]) for i in winners},
        payments_usd={
            names[i]: payment_usd(offer, *lost[i], options.reserve) for i, offer in winners.items()
        },
        breakpoints={names[i]: breakpoints for i, (breakpoints, _) in lost.items()},
        solver=solver.name,
    )


def _work_lost(
    curve: QuantityCurve, offer: Offer, method: str
) -> tuple[tuple[Breakpoint, ...], float]:
    """The bids at which paid work is lost, and the work that never is."""
    if method == "bisection":
        top = offer.prior.high
        return interval_splitting(curve.paid_at, offer.bid, curve.paid_now, top)
    envelope = curve.envelope()
    return bid_breakpoints(offer, envelope), envelope.retained
