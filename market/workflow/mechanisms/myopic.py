"""Myopic: every node is bought by itself, cold, in its own second-price auction.

Source: STAR, section 5.1, "Myopic Allocation", in a form that is truthful as the paper claims:
what a node takes must not depend on who runs the others, so all of its input is bought, cached or
not. Truthful for providers that do the work they are paid for. Whoever wins both ends of an edge
may run the second one warm and keep the difference; for a provider that counts on this, a lower
bid can gain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from market.money import TOKENS_PER_MTOK
from market.workflow.graph import Workflow
from market.workflow.mechanisms.node_work import cold_work
from market.workflow.mechanisms.role import Purchase
from market.workflow.mechanisms.second_price import critical_bid, second_price
from market.workflow.mechanisms.tender import Tender
from market.workflow.offer import Offer
from market.workflow.star import StarOptions


@dataclass(frozen=True)
class MyopicOutcome(Purchase):
    """A purchase of cold work.

    ``cold_quantities`` are the tokens that were bought and paid for; ``quantities`` are what the
    winners have to run where a context stays with its provider, at most as much.
    """

    cold_quantities: Mapping[str, float]


def myopic(
    workflow: Workflow, offers: Sequence[Offer], options: StarOptions | None = None
) -> MyopicOutcome:
    """Per node, the provider of least b_i w_iv is paid min(second / w_iv, high_i) w_iv.

    w_iv is the node's cold work, L_v + rho_i (everything that comes in). Of the options
    ``reserve`` and ``charge_entry_input`` are read, and ``charge_cached_input`` for what the
    winners run, which is not what they are paid for. Raises ``BadInput``, and ``Infeasible`` where
    a node has no capable provider.
    """
    options = options or StarOptions()
    tender = Tender.call(workflow, offers, options)
    work = cold_work(tender.problem)
    allocation = np.empty(len(workflow.nodes), dtype=np.intp)
    bought, paid = np.zeros(len(tender.offers)), np.zeros(len(tender.offers))
    for v, able in enumerate(tender.problem.domains):
        what = f"node {workflow.nodes[v].id!r}"
        winner, payment = second_price(tender.offers, able, work[:, v], options.reserve, what)
        allocation[v] = winner
        bought[winner] += work[winner, v]
        paid[winner] += payment / TOKENS_PER_MTOK
    return MyopicOutcome(
        allocation=tender.names(allocation),
        quantities=tender.of_winners(allocation, tender.quantity(allocation)),
        payments_usd=tender.of_winners(allocation, paid),
        cold_quantities=tender.of_winners(allocation, bought),
    )


def critical_bids_of_myopic(tender: Tender, i: int, options: StarOptions) -> Iterable[float | None]:
    """Its thresholds, node by node, see ``FindCritical``."""
    work = cold_work(tender.problem)
    return [
        critical_bid(tender.offers, able, work[:, v], i)
        for v, able in enumerate(tender.problem.domains)
    ]
