"""Threshold payments: each part of a provider's work is paid the bid at which it would be lost.

Source: Myerson (1981); STAR, equation (4) and appendix C, with the quantity of equation (2), and
with the work that is never lost paid at the top of the prior unless there is no reserve.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from market.money import TOKENS_PER_MTOK
from market.workflow.breakpoints import Envelope
from market.workflow.offer import Offer


class Breakpoint(NamedTuple):
    """At ``bid`` (USD per 1e6 output tokens) a provider loses ``quantity_lost`` tokens."""

    bid: float
    quantity_lost: float


def bid_breakpoints(offer: Offer, envelope: Envelope) -> tuple[Breakpoint, ...]:
    """The drops of a provider's quantity, mapped back from virtual costs to bids.

    A drop at an ironed flat lies at its left end if the flat's own allocation has lost the work,
    else at its right end. Where virtual costs jump, drops of different virtual costs are one.
    """
    lost: dict[float, float] = {}
    for drop in envelope.drops:
        bid = max(offer.prior.bid_at(drop.virtual_cost), offer.bid)
        lost[bid] = lost.get(bid, 0.0) + drop.quantity
    return tuple(Breakpoint(bid, quantity) for bid, quantity in lost.items())


def threshold_payment(offer: Offer, envelope: Envelope, reserve: str) -> float:
    """What ``envelope``, from the offer's bid up to the top of its prior, is worth, in USD."""
    return payment_usd(offer, bid_breakpoints(offer, envelope), envelope.retained, reserve)


def payment_usd(
    offer: Offer, breakpoints: Sequence[Breakpoint], retained: float, reserve: str
) -> float:
    """P = sum of z_k times the k-th drop of q, plus high q(high), in USD.

    ``retained`` is q(high). Without a reserve the last term is missing, as printed in the paper's
    algorithm 1.
    """
    total = sum(point.bid * point.quantity_lost for point in breakpoints)
    if reserve == "support_top":
        total += offer.prior.high * retained
    return total / TOKENS_PER_MTOK
