"""Greedy: an inexact allocation, paid as if it were exact.

Source: STAR, section 4.3, which warns of it: if the solver is not exact, "lowering one's bid causes
one to lose the allocation". Payments are the thresholds of equation (4) on the greedy quantity.
Not truthful: that quantity can rise with the bid, and a provider that bids its way up to such a
rise is paid more than its cost for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from market.workflow.breakpoints import Drop, Envelope
from market.workflow.graph import Workflow
from market.workflow.mechanisms.greedy_allocation import GreedyAllocation
from market.workflow.mechanisms.role import Purchase
from market.workflow.mechanisms.tender import Tender
from market.workflow.offer import Offer
from market.workflow.payments import Breakpoint, bid_breakpoints, threshold_payment
from market.workflow.quantities import IntArray
from market.workflow.star import StarOptions

#: Relative; a flip so close to a flat of the prior is at the flat.
_ROUNDING = 1e-13


@dataclass(frozen=True)
class GreedyOutcome(Purchase):
    """``breakpoints`` are the bids at which a winner's quantity changes, in the order of the bids.

    A rise of the quantity is a negative loss.
    """

    breakpoints: Mapping[str, tuple[Breakpoint, ...]]


def greedy(
    workflow: Workflow, offers: Sequence[Offer], options: StarOptions | None = None
) -> GreedyOutcome:
    """Nodes in topological order, each to the provider that adds the least virtual cost.

    Winners are paid the sum of z_k times the k-th change of their quantity, and high_i times what
    is left at high_i. Of the options ``reserve`` (``none`` leaves the last term out) and what
    input is charged are read. Raises ``BadInput``, and ``Infeasible`` where a node has no capable
    provider.
    """
    options = options or StarOptions()
    tender = Tender.call(workflow, offers, options)
    rule = GreedyAllocation(workflow, tender.problem)
    allocation = rule.allocate(tender.virtual_costs)
    curves = {
        i: quantity_steps(tender, rule, i, allocation) for i in np.unique(allocation).tolist()
    }
    winners = {i: tender.offers[i] for i in curves}
    return GreedyOutcome(
        allocation=tender.names(allocation),
        quantities=tender.of_winners(allocation, tender.quantity(allocation)),
        payments_usd={
            offer.provider: threshold_payment(offer, curves[i], options.reserve)
            for i, offer in winners.items()
        },
        breakpoints={
            offer.provider: bid_breakpoints(offer, curves[i]) for i, offer in winners.items()
        },
    )


def critical_bids_of_greedy(tender: Tender, i: int, options: StarOptions) -> Iterable[float | None]:
    """Where a flip changes its quantity, up or down, see ``FindCritical``."""
    rule = GreedyAllocation(tender.workflow, tender.problem)
    steps = quantity_steps(tender, rule, i, rule.allocate(tender.virtual_costs))
    points = bid_breakpoints(tender.offers[i], steps)
    return [point.bid for point in points]


def quantity_steps(
    tender: Tender, rule: GreedyAllocation, provider: int, allocation: IntArray
) -> Envelope:
    """The quantity of ``provider`` from its virtual cost up to that of its top, rises included.

    ``allocation`` (n,) is the greedy one. As in an exact quantity curve, a flat of the prior has
    the quantity that ties give it, and what changes behind it is lost from the next float on.
    """
    prior, top = tender.offers[provider].prior, tender.offers[provider].top_virtual_cost
    prices = tender.virtual_costs.copy()
    quantity = float(tender.quantity(allocation)[provider])
    drops = []
    while flip := rule.next_flip(prices, provider, allocation):
        at, is_flat = _snapped(flip.virtual_cost, prior.flats)
        if at > top or at == prices[provider] == top:
            break
        reached = at > prices[provider]
        prices[provider] = at
        if is_flat and reached:
            allocation = rule.allocate(prices)
        else:
            allocation = rule.after(flip, prices, allocation)
            at = math.nextafter(at, math.inf) if is_flat else at
        later = float(tender.quantity(allocation)[provider])
        if later != quantity:
            drops.append(Drop(at, quantity - later))
        quantity = later
    return Envelope(tuple(drops), quantity)


def _snapped(virtual_cost: float, flats: Sequence[float]) -> tuple[float, bool]:
    """The flat at ``virtual_cost``, but for rounding, or else itself; and whether it is a flat."""
    flat = min(flats, key=lambda flat: abs(flat - virtual_cost), default=math.inf)
    is_flat = math.isclose(flat, virtual_cost, rel_tol=_ROUNDING)
    return (flat if is_flat else virtual_cost), is_flat
