"""Myopic as printed: the lowest bid takes the node, the second-lowest is its price per token.

Source: STAR, section 5.1: "Selects the cheapest capable agent for each node independently. The
payment for each node is determined by the second-lowest bid among capable agents for that specific
task." We read bid as b_i, per output token, and the payment as that bid times the work which the
others' choices leave: the context of a parent at another provider is paid, as section 5.2 has it
("this forces the system to pay for transferring 400k tokens"), a cached one is not, unless the
options charge cached input. Not truthful,
though the paper says so: a bid decides who runs the parents, and so how much of the child's input
is paid at the child's price.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from market.money import TOKENS_PER_MTOK
from market.workflow.graph import Workflow
from market.workflow.mechanisms.node_work import work_left
from market.workflow.mechanisms.role import Purchase
from market.workflow.mechanisms.second_price import critical_bid, second_price
from market.workflow.mechanisms.tender import Tender
from market.workflow.offer import Offer
from market.workflow.star import StarOptions


def myopic_as_printed(
    workflow: Workflow, offers: Sequence[Offer], options: StarOptions | None = None
) -> Purchase:
    """Per node, the provider of least b_i is paid the second-lowest bid times the work left to it.

    Of the options ``reserve`` (the paper's is ``none``; ``support_top`` caps the price at high_i)
    and what input is charged are read. Raises ``BadInput``, and ``Infeasible`` where a node has no
    capable provider.
    """
    options = options or StarOptions()
    tender = Tender.call(workflow, offers, options)
    per_token = np.ones(len(tender.offers))
    sales = [
        second_price(tender.offers, able, per_token, options.reserve, f"node {node.id!r}")
        for node, able in zip(workflow.nodes, tender.problem.domains, strict=True)
    ]
    allocation = np.array([sale.winner for sale in sales], dtype=np.intp)
    price = np.array([sale.payment for sale in sales])
    paid = np.zeros(len(tender.offers))
    np.add.at(paid, allocation, price * work_left(tender.problem, allocation) / TOKENS_PER_MTOK)
    return Purchase(
        allocation=tender.names(allocation),
        quantities=tender.of_winners(allocation, tender.quantity(allocation)),
        payments_usd=tender.of_winners(allocation, paid),
    )


def critical_bids_of_myopic_as_printed(
    tender: Tender, i: int, options: StarOptions
) -> Iterable[float | None]:
    """The lowest bids of its rivals, node by node, see ``FindCritical``."""
    per_token = np.ones(len(tender.offers))
    return [critical_bid(tender.offers, able, per_token, i) for able in tender.problem.domains]
