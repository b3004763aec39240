"""Pay-as-bid: the workflow is run where it is cheapest at the bids, and winners are paid theirs.

Source: STAR, section 1, which rejects it: competition "forces agents to play a complex guessing
game". The objective is the paper's equation (2) with b_i in the place of the virtual cost
phi_i(b_i): phi answers for the rents that a truthful mechanism pays, and none are paid here. Not
truthful: whoever would still win at a higher bid gains by making it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from market.money import TOKENS_PER_MTOK
from market.workflow.breakpoints import Line, lower_envelope
from market.workflow.dominance import Front
from market.workflow.graph import Workflow
from market.workflow.mechanisms.role import Purchase
from market.workflow.mechanisms.tender import Tender
from market.workflow.offer import Offer
from market.workflow.quantities import FloatArray
from market.workflow.solvers import choose_solver
from market.workflow.star import StarOptions


def pay_as_bid(
    workflow: Workflow, offers: Sequence[Offer], options: StarOptions | None = None
) -> Purchase:
    """The allocation of least sum of b_i q_i; winners are paid b_i q_i.

    Of the options ``solver``, ``reserve`` (which bids are declined) and what input is charged are
    read. Raises ``BadInput``, ``Infeasible`` where a node has no capable provider, ``TooCostly``
    and ``NotProvenOptimal``.
    """
    options = options or StarOptions()
    tender = Tender.call(workflow, offers, options)
    problem, bids = tender.problem, tender.bids
    market = problem.among(Front.of(problem, bids).members)
    (allocation,) = choose_solver(options.solver, [market])(market).allocate(bids[None])
    quantity = tender.quantity(allocation)
    return Purchase(
        allocation=tender.names(allocation),
        quantities=tender.of_winners(allocation, quantity),
        payments_usd=tender.of_winners(allocation, bids * quantity / TOKENS_PER_MTOK),
    )


def critical_bids_of_pay_as_bid(
    tender: Tender, i: int, options: StarOptions
) -> Iterable[float | None]:
    """The breakpoints of the least sum of b_i q_i, see ``FindCritical``."""
    problem, own = tender.problem, tender.offers[i]
    market = problem.among(np.append(Front.of(problem, tender.bids).without(i), i))
    solver = choose_solver(options.solver, [market])(market)
    rivals = tender.bids.copy()
    rivals[i] = 0.0

    def probe(bids: FloatArray) -> Sequence[Line]:
        prices = np.tile(tender.bids, (len(bids), 1))
        prices[:, i] = bids
        quantity = problem.quantities(solver.allocate(prices))
        others, own_work = (quantity @ rivals).tolist(), quantity[:, i].tolist()
        return [Line(*line) for line in zip(others, own_work, own_work, strict=True)]

    (first,) = probe(np.array([own.bid]))
    envelope = lower_envelope(probe, first, own.bid, own.prior.high)
    return [drop.virtual_cost for drop in envelope.drops]
