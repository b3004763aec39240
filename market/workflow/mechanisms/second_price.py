"""The second-price auction of one indivisible piece of work.

Every able provider i would need its own quantity w_i for it, so offers are compared by b_i w_i.
The winner's threshold is the bid at which it would lose, second / w_i. Source: Vickrey (1961);
STAR, section 5.1, where both baselines are paid by it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from market.errors import BadInput
from market.workflow.offer import Offer
from market.workflow.quantities import FloatArray, IntArray


class Sale(NamedTuple):
    """Who does the work, a position among the offers, and its threshold bid times its quantity."""

    winner: int
    payment: float


def critical_bid(
    offers: Sequence[Offer], able: IntArray, work: FloatArray, provider: int
) -> float | None:
    """The bid at which the position ``provider`` begins or ceases to win, second / w_i.

    None where no bid decides: it is not able, or has nothing to do, or nobody competes. Arguments
    as for ``second_price``.
    """
    rivals = able[able != provider]
    if len(rivals) == len(able) or not len(rivals) or work[provider] == 0:
        return None
    best: float = min(offers[i].bid * float(work[i]) for i in rivals.tolist())
    return best / float(work[provider])


def second_price(
    offers: Sequence[Offer], able: IntArray, work: FloatArray, reserve: str, what: str
) -> Sale:
    """Sell ``what`` to one of ``able`` (K,), ascending positions; ``work`` (N,) is everyone's w_i.

    The payment is min(second / w_i, high_i) w_i, in the unit of a bid times ``work``; ties fall to
    the first. Reserve ``none`` does not cap it at the top of the prior, and raises ``BadInput``
    where a lone provider leaves no second offer.
    """
    scores = np.array([offers[i].bid for i in able.tolist()]) * work[able]
    best = int(scores.argmin())
    winner = int(able[best])
    second = float(np.delete(scores, best).min(initial=math.inf))
    top = offers[winner].prior.high * float(work[winner])
    payment = min(second, top) if reserve == "support_top" else second
    if payment == math.inf:
        problem = f"expected support_top, since nobody but {offers[winner].provider!r} is capable"
        raise BadInput("options.reserve", f"{problem} of {what}, got {reserve!r}")
    return Sale(winner, payment)
