"""STAR: a workflow is bought in a reverse auction, at least total virtual cost.

Source: "Truthful and Cost-Minimizing Model Routing in Graph-Based Agentic Workflows", section 4.
Two repairs keep it truthful: payments are made on the quantity that the objective multiplies, and
work that is never lost is paid at the top of the prior.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from market.fields import Fields, check_unique
from market.workflow.allocation import allocation_problem
from market.workflow.dominance import Front
from market.workflow.graph import Workflow
from market.workflow.offer import RESERVES, Offer, admitted
from market.workflow.payments import Breakpoint, bid_breakpoints, threshold_payment
from market.workflow.quantities import quantities, total_usd
from market.workflow.quantity_curve import quantity_curve
from market.workflow.solvers import SOLVERS, choose_solver


@dataclass(frozen=True)
class StarOptions:
    """How a workflow is bought; the defaults are truthful.

    ``reserve``: ``support_top`` pays retained work at the top of the prior and declines bids above
    it; ``none`` is the paper's algorithm 1, which pays nothing for retained work.
    ``charge_entry_input``: whether the external input of entry nodes counts as work.
    """

    solver: str = "auto"
    workload: str = "cost_bearing"
    payment_method: str = "exact"
    reserve: str = "support_top"
    charge_entry_input: bool = True

    def __post_init__(self) -> None:
        own = Fields({field.name: getattr(self, field.name) for field in fields(self)}, "options")
        own.choice("solver", SOLVERS)
        own.choice("workload", ("cost_bearing",))
        own.choice("payment_method", ("exact",))
        own.choice("reserve", RESERVES)
        own.flag("charge_entry_input", default=True)


@dataclass(frozen=True)
class StarOutcome:
    """Who runs what, and what each winner is paid.

    Keys are node ids in ``allocation`` and providers elsewhere; only providers that run a node
    appear. ``quantities`` are tokens, output-token equivalents. ``breakpoints`` are the bids at
    which a winner would lose work, ascending; what is left after them it would keep at any bid up
    to the top of its prior. ``solver`` is the one that was used.
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
    problem = allocation_problem(workflow, bidders, charge_entry_input=options.charge_entry_input)
    prices = np.array([offer.virtual_cost for offer in bidders])

    front = Front.of(problem, prices)
    market = problem.among(front.members)
    # Whoever a winner dominates may be needed once its bid rises.
    markets_around = {
        i: problem.among(np.append(front.without(i), i)) for i in front.members.tolist()
    }
    solver_for = choose_solver(options.solver, [market, *markets_around.values()])

    solver = solver_for(market)
    (allocation,) = solver.allocate(prices[None])
    (quantity,) = quantities(problem.tokens, problem.input_ratio, allocation[None])
    winners = {i: bidders[i] for i in np.unique(allocation).tolist()}
    curves = {
        i: quantity_curve(solver_for(markets_around[i]), prices, i, offer.prior, allocation)
        for i, offer in winners.items()
    }
    names = [offer.provider for offer in bidders]
    return StarOutcome(
        virtual_cost_usd=total_usd(prices, quantity),
        allocation={
            node.id: names[i] for node, i in zip(workflow.nodes, allocation.tolist(), strict=True)
        },
        quantities={names[i]: float(quantity[i]) for i in winners},
        payments_usd={
            names[i]: threshold_payment(offer, curves[i], options.reserve)
            for i, offer in winners.items()
        },
        breakpoints={names[i]: bid_breakpoints(offer, curves[i]) for i, offer in winners.items()},
        solver=solver.name,
    )
