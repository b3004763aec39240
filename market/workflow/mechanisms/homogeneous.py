"""Homogeneous: one provider does the whole workflow, bought in one second-price auction.

Source: STAR, section 5.1, "Homogeneous Allocation". Truthful: the quantity that a provider would
run does not depend on anybody's bid, and the winner is paid its threshold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from market.errors import Infeasible
from market.money import TOKENS_PER_MTOK
from market.workflow.graph import Workflow
from market.workflow.mechanisms.role import Purchase
from market.workflow.mechanisms.second_price import critical_bid, second_price
from market.workflow.mechanisms.tender import Tender
from market.workflow.offer import Offer
from market.workflow.quantities import FloatArray
from market.workflow.star import StarOptions


def homogeneous(
    workflow: Workflow, offers: Sequence[Offer], options: StarOptions | None = None
) -> Purchase:
    """The provider of least b_i Q_i is paid min(second / Q_i, high_i) Q_i.

    Q_i is its quantity when it runs everything: all output and, rho_i times, the entry input;
    where cached input is charged, all other input too, kappa_i times. Of the options ``reserve``
    and what input is charged are read. Raises ``BadInput``, and ``Infeasible`` where no provider
    is capable of every node.
    """
    options = options or StarOptions()
    tender = Tender.call(workflow, offers, options)
    able = np.flatnonzero(tender.problem.capable.all(axis=1))
    if not able.size:
        raise Infeasible(_nobody_for_all(tender))
    work = _whole_quantity(tender)
    winner, payment = second_price(
        tender.offers, able, work, options.reserve, what="the whole workflow"
    )
    allocation = np.full(len(workflow.nodes), winner)
    return Purchase(
        allocation=tender.names(allocation),
        quantities=tender.of_winners(allocation, tender.quantity(allocation)),
        payments_usd={tender.offers[winner].provider: payment / TOKENS_PER_MTOK},
    )


def critical_bids_of_homogeneous(
    tender: Tender, i: int, options: StarOptions
) -> Iterable[float | None]:
    """Its threshold, see ``FindCritical``."""
    able = np.flatnonzero(tender.problem.capable.all(axis=1))
    return [critical_bid(tender.offers, able, _whole_quantity(tender), i)]


def _whole_quantity(tender: Tender) -> FloatArray:
    """(N,): Q_i."""
    tokens = tender.problem.tokens
    quantity: FloatArray = (
        tokens.output.sum() + tender.problem.input_ratio * tokens.entry_input.sum()
    )
    if tender.problem.hit_ratio is not None:
        quantity += tender.problem.hit_ratio * tokens.transfer.sum()
    return quantity


def _nobody_for_all(tender: Tender) -> str:
    capable = tender.problem.capable
    closest = int(capable.sum(axis=1).argmax())
    missing = tender.workflow.nodes[int(capable[closest].argmin())]
    return (
        f"no provider is capable of all {len(tender.workflow.nodes)} nodes;"
        f" {tender.offers[closest].provider!r} comes closest, but node {missing.id!r} needs"
        f" {missing.requirement}"
    )
