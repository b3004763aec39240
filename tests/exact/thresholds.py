"""Paid work as a function of one provider's bid, and the payment that Myerson's identity gives it.

Source: STAR, section 4.4 and appendix A: bid q(bid) plus the integral of q above the bid.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise, product
from typing import NamedTuple

from tests.exact.ambiguous import Ambiguous, only_least
from tests.exact.workflow import MILLION, Allocation, Amounts, Auction, Division, Provider


class Piece(NamedTuple):
    """Between two bids the paid work, in tokens, stays the same."""

    low: Fraction
    high: Fraction
    work: Fraction


class Step(NamedTuple):
    """From a virtual cost on, the paid work is ``work``."""

    virtual_cost: Fraction
    work: Fraction


def cost(work: Amounts, prices: Amounts) -> Fraction:
    """What ``work`` costs at ``prices``, in millionths of a USD."""
    return sum((price * amount for price, amount in zip(prices, work, strict=True)), Fraction(0))


def best_division(auction: Auction, prices: Amounts) -> Division:
    """The only allocation of least cost at ``prices``."""
    return only_least(auction.divisions, lambda division: cost(division.run, prices))


def exact_steps(auction: Auction, provider: int, *, published: bool) -> list[Step]:
    """The steps of the least virtual cost's slope, walking along its lower envelope of lines.

    The first step is at the provider's own virtual cost. ``published`` pays the cold work of the
    optimal allocation, else what is run. Raises ``Ambiguous`` where two allocations are optimal at
    more than one virtual cost, where three are at one, and where work is lost at the very top.
    """
    prices = auction.virtual_costs
    own, top = prices[provider], _top(auction.providers[provider])
    rivals = tuple(Fraction(0) if i == provider else price for i, price in enumerate(prices))
    lines: dict[tuple[Fraction, Fraction], list[Fraction]] = {}
    for division in auction.divisions:
        line = (cost(division.run, rivals), division.run[provider])
        paid = (division.cold if published else division.run)[provider]
        lines.setdefault(line, []).append(paid)
    here = best_division(auction, prices).run
    intercept, slope = cost(here, rivals), here[provider]
    steps = [Step(own, _only(lines[intercept, slope]))]
    while True:
        crossings = [
            ((other - intercept) / (slope - flatter), other, flatter)
            for other, flatter in lines
            if flatter < slope
        ]
        ahead = [crossing for crossing in crossings if crossing[0] <= top]
        if not ahead:
            return steps
        at, intercept, slope = only_least(ahead, lambda crossing: crossing[0])
        if at == top:
            raise Ambiguous(f"two allocations cost the same at the top, {top}")
        steps.append(Step(at, _only(lines[intercept, slope])))


def greedy_order(auction: Auction) -> list[int]:
    """The nodes as greedy places them: fewest parents not placed yet, then the first."""
    order: list[int] = []
    waiting = set(range(len(auction.nodes)))
    while waiting:
        parents = {v: {u for u, child in auction.tokens.ordinary if child == v} for v in waiting}
        order.append(min(waiting, key=lambda v: (len(parents[v] - set(order)), v)))
        waiting.remove(order[-1])
    return order


def greedy_allocation(auction: Auction, prices: Amounts) -> tuple[int, ...]:
    """Node after node goes where the nodes placed so far cost least."""
    placed: Allocation = (None,) * len(auction.nodes)
    for node in greedy_order(auction):
        placed = only_least(
            [_placed(placed, node, i) for i in auction.domains[node]],
            lambda allocation: cost(auction.run(allocation), prices),
        )
    return tuple(i for i in placed if i is not None)


def greedy_steps(auction: Auction, provider: int) -> list[Step]:
    """The steps of what greedy lets a provider run, rises included.

    Between two neighbouring crossings of any two choices after any choices before, greedy's
    choices stay the same: it is asked once in between.
    """
    prices = list(auction.virtual_costs)
    own, top = prices[provider], _top(auction.providers[provider])

    def work_at(price: Fraction) -> Fraction:
        prices[provider] = price
        return auction.run(greedy_allocation(auction, tuple(prices)))[provider]

    steps = [Step(own, work_at(own))]
    if own == top:
        return steps
    inside = {x for x in _greedy_crossings(auction, provider) if own < x <= top}
    if top in inside:
        raise Ambiguous(f"choices of greedy cost the same at the top, {top}")
    for low, high in pairwise(sorted({own, *inside, top})):
        work = work_at((low + high) / 2)
        if work != steps[-1].work:
            steps.append(Step(low, work))
    return steps


def pieces(provider: Provider, steps: Sequence[Step]) -> list[Piece]:
    """The paid work at all bids from the provider's own up to the top of its prior.

    Raises ``Ambiguous`` where work changes at a virtual cost that many bids share.
    """
    ends = [provider.prior.last_bid_below(step.virtual_cost) for step in steps[1:]]
    bids = [provider.bid, *(max(end, provider.bid) for end in ends), provider.prior.high]
    found = [
        Piece(low, high, step.work) for step, (low, high) in zip(steps, pairwise(bids), strict=True)
    ]
    return [found[0], *(piece for piece in found[1:] if piece.low < piece.high)]


def payment_usd(provider: Provider, curve: Sequence[Piece], reserve: str) -> Fraction:
    """bid q(bid) + the integral of q up to the top; without a reserve less high q(high)."""
    amount = provider.bid * curve[0].work
    amount += sum((piece.high - piece.low) * piece.work for piece in curve)
    if reserve == "none":
        amount -= provider.prior.high * curve[-1].work
    return amount / MILLION


def breakpoints(curve: Sequence[Piece]) -> list[tuple[Fraction, Fraction]]:
    """The bids at which work is lost, and how much."""
    return [(after.low, before.work - after.work) for before, after in pairwise(curve)]


def _top(provider: Provider) -> Fraction:
    return provider.prior.virtual_cost(provider.prior.high)


def _only(paid: Sequence[Fraction]) -> Fraction:
    if len(paid) > 1:
        raise Ambiguous(f"{len(paid)} allocations are optimal at the same virtual costs")
    return paid[0]


def _placed(allocation: Allocation, node: int, provider: int) -> Allocation:
    return (*allocation[:node], provider, *allocation[node + 1 :])


def _greedy_crossings(auction: Auction, provider: int) -> Iterable[Fraction]:
    """The virtual costs at which two choices for a node cost the same, after any before it."""
    prices = auction.virtual_costs
    rivals = tuple(Fraction(0) if i == provider else price for i, price in enumerate(prices))
    order = greedy_order(auction)
    for turn, node in enumerate(order):
        for before in product(*(auction.domains[earlier] for earlier in order[:turn])):
            placed: Allocation = (None,) * len(order)
            for earlier, i in zip(order[:turn], before, strict=True):
                placed = _placed(placed, earlier, i)
            works = [auction.run(_placed(placed, node, i)) for i in auction.domains[node]]
            lines = [(cost(work, rivals), work[provider]) for work in works]
            for (a, q), (b, r) in product(lines, lines):
                if q > r:
                    yield (b - a) / (q - r)
