"""What the payment of a winner adds up from, by the rule that made it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from market.money import TOKENS_PER_MTOK
from market.workflow.explanation.contest import Contest
from market.workflow.explanation.model import PartKind, PaymentPart
from market.workflow.mechanisms import GreedyOutcome, Outcome
from market.workflow.mechanisms.node_work import cold_work, work_left
from market.workflow.payments import Breakpoint
from market.workflow.quantities import FloatArray, IntArray
from market.workflow.star import WORKLOADS, StarOutcome

#: Relative; work below it is what is left of rounding when losses are subtracted.
_ROUNDING = 1e-12

#: The parts of the payment of the provider at a position, under an allocation (n,).
Parts = Callable[[Contest, Outcome, int, IntArray], Iterator[PaymentPart]]


def payment_parts(
    contest: Contest, outcome: Outcome, winner: int, allocation: IntArray
) -> tuple[PaymentPart, ...]:
    """What the payment of ``winner`` adds up from; nothing under a rule that is not known here."""
    parts = PARTS.get(contest.auction.rule.name)
    return () if parts is None else tuple(parts(contest, outcome, winner, allocation))


def _part(
    kind: PartKind,
    price: float,
    tokens: float,
    nodes: Sequence[str] = (),
    rivals: Sequence[str] = (),
) -> PaymentPart:
    usd = price * tokens / TOKENS_PER_MTOK
    return PaymentPart(kind, price, tokens, usd, tuple(nodes), tuple(rivals))


def _of_star(
    contest: Contest, outcome: Outcome, winner: int, allocation: IntArray
) -> Iterator[PaymentPart]:
    """Each part of the work at the bid at which it would be lost."""
    assert isinstance(outcome, StarOutcome)  # the rule's own
    options, offer = contest.auction.options, contest.tender.offers[winner]
    workload = WORKLOADS[options.workload]
    points = outcome.breakpoints[offer.provider]
    later = np.empty((0, len(allocation)), dtype=np.intp)
    if points:
        later = _allocations_between(contest, winner, points)
    paid = workload(contest.tender.problem, np.vstack([allocation[None], later]))[:, winner]
    steps = [allocation, *later]
    left = float(paid[0])
    for k, point in enumerate(points):
        left -= point.quantity_lost
        nodes: list[str] = []
        rivals: list[str] = []
        if abs(paid[k + 1] - left) <= 1e-9 * paid[0]:  # else a tie, which could go either way
            nodes, rivals = _moved(contest, winner, steps[k], steps[k + 1])
        yield _part("lost", point.bid, point.quantity_lost, nodes, rivals)
    yield from _kept(contest, winner, left, float(paid[0]))


def _allocations_between(contest: Contest, winner: int, points: Sequence[Breakpoint]) -> IntArray:
    """(K, n): the allocations behind each of K breakpoints, at bids halfway to the next one."""
    offer = contest.tender.offers[winner]
    bids = [point.bid for point in points]
    behind = [(low + high) / 2 for low, high in pairwise([*bids, offer.prior.high])]
    prices = np.tile(contest.prices, (len(bids), 1))
    prices[:, winner] = [offer.prior.virtual_cost(bid) for bid in behind]
    return contest.solver_around(winner).allocate(prices)


def _moved(
    contest: Contest, winner: int, before: IntArray, after: IntArray
) -> tuple[list[str], list[str]]:
    """The nodes that ``winner`` has before but not after, and who has them then."""
    lost = np.flatnonzero((before == winner) & (after != winner))
    nodes = [contest.tender.workflow.nodes[v].id for v in lost.tolist()]
    return nodes, [contest.tender.offers[i].provider for i in np.unique(after[lost]).tolist()]


def _kept(contest: Contest, winner: int, tokens: float, of: float) -> Iterator[PaymentPart]:
    """What is left of a winner's work at the top of its prior."""
    if abs(tokens) <= _ROUNDING * of:
        return
    if contest.auction.options.reserve == "support_top":
        yield _part("kept", contest.tender.offers[winner].prior.high, tokens)
    else:
        yield _part("kept_unpaid", 0.0, tokens)


def _of_greedy(
    contest: Contest, outcome: Outcome, winner: int, allocation: IntArray
) -> Iterator[PaymentPart]:
    """As under STAR, on a quantity that can rise too: a rise is a negative loss."""
    assert isinstance(outcome, GreedyOutcome)  # the rule's own
    offer = contest.tender.offers[winner]
    quantity = left = outcome.quantities[offer.provider]
    for point in outcome.breakpoints[offer.provider]:
        left -= point.quantity_lost
        yield _part("lost", point.bid, point.quantity_lost)
    yield from _kept(contest, winner, left, quantity)


def _of_pay_as_bid(
    contest: Contest, outcome: Outcome, winner: int, allocation: IntArray
) -> Iterator[PaymentPart]:
    """All of its work at its bid."""
    offer = contest.tender.offers[winner]
    yield _part("own_bid", offer.bid, outcome.quantities[offer.provider])


def _of_homogeneous(
    contest: Contest, outcome: Outcome, winner: int, allocation: IntArray
) -> Iterator[PaymentPart]:
    """The whole workflow at its threshold."""
    problem = contest.tender.problem
    able = np.flatnonzero(problem.capable.all(axis=1))
    whole = np.tile(np.arange(len(contest.prices))[:, None], len(allocation))
    work = np.diagonal(problem.quantities(whole))
    yield _second_price(contest, winner, able, work, float(work[winner]), ())


def _of_myopic(
    contest: Contest, outcome: Outcome, winner: int, allocation: IntArray
) -> Iterator[PaymentPart]:
    """Each node, cold, at its threshold."""
    work = cold_work(contest.tender.problem)
    for v in np.flatnonzero(allocation == winner).tolist():
        able = contest.tender.problem.domains[v]
        node = contest.tender.workflow.nodes[v].id
        yield _second_price(contest, winner, able, work[:, v], float(work[winner, v]), (node,))


def _of_myopic_as_printed(
    contest: Contest, outcome: Outcome, winner: int, allocation: IntArray
) -> Iterator[PaymentPart]:
    """The work that is left of each node, at the second-lowest bid."""
    left = work_left(contest.tender.problem, allocation)
    per_token = np.ones(len(contest.prices))
    for v in np.flatnonzero(allocation == winner).tolist():
        able = contest.tender.problem.domains[v]
        node = contest.tender.workflow.nodes[v].id
        yield _second_price(contest, winner, able, per_token, float(left[v]), (node,))


def _second_price(
    contest: Contest,
    winner: int,
    able: IntArray,
    work: FloatArray,
    tokens: float,
    nodes: Sequence[str],
) -> PaymentPart:
    """``tokens`` at the bid at which another of ``able`` would have taken over ``work`` (N,)."""
    offers, top = contest.tender.offers, contest.tender.offers[winner].prior.high
    rivals = able[able != winner]
    capped = contest.auction.options.reserve == "support_top"
    if not len(rivals) or (capped and work[winner] == 0):
        return _part("top_of_prior", top, tokens, nodes)
    scores = contest.tender.bids[rivals] * work[rivals]
    best = int(rivals[scores.argmin()])
    rival = (offers[best].provider,)
    if work[winner] == 0:
        return _part("rivals_work", offers[best].bid, float(work[best]), nodes, rival)
    price = float(scores.min()) / float(work[winner])
    if capped and top < price:
        return _part("top_of_prior", top, tokens, nodes, rival)
    return _part("second_price", price, tokens, nodes, rival)


#: By the name of the rule.
PARTS: dict[str, Parts] = {
    "star": _of_star,
    "greedy": _of_greedy,
    "pay_as_bid": _of_pay_as_bid,
    "homogeneous": _of_homogeneous,
    "myopic": _of_myopic,
    "myopic_as_printed": _of_myopic_as_printed,
}
