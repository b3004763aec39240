"""Who competed in an auction: the best allocation without somebody, and why others lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from market.workflow.allocation import AllocationProblem, AllocationSolver
from market.workflow.auction import WorkflowAuction
from market.workflow.dominance import Front
from market.workflow.explanation.model import Loser
from market.workflow.mechanisms.homogeneous import critical_bids_of_homogeneous
from market.workflow.mechanisms.myopic import critical_bids_of_myopic
from market.workflow.mechanisms.myopic_as_printed import critical_bids_of_myopic_as_printed
from market.workflow.mechanisms.tender import Tender
from market.workflow.quantities import BoolArray, FloatArray, IntArray, total_usd
from market.workflow.quantity_curve import QuantityCurve
from market.workflow.solvers import choose_solver

#: So many losers are explained; each takes a few allocations.
MOST_LOSERS = 8

#: The bids at which a provider begins to win, by the rules that sell in second-price auctions.
_SECOND_PRICES = {
    "homogeneous": critical_bids_of_homogeneous,
    "myopic": critical_bids_of_myopic,
    "myopic_as_printed": critical_bids_of_myopic_as_printed,
}


@dataclass(frozen=True)
class Contest:
    """An auction, its tender, and the allocations of least cost at ``prices`` (N,)."""

    auction: WorkflowAuction
    tender: Tender
    prices: FloatArray

    @cached_property
    def front(self) -> Front:
        """Who is not dominated at these prices."""
        return Front.of(self.tender.problem, self.prices)

    def least_cost_usd(self) -> float:
        """The cost of the best allocation."""
        return self._least_among(self.front.members)

    def least_without_usd(self, provider: int) -> float | None:
        """The same without a provider; None where the others cannot do every node."""
        others = self.front.without(provider)
        if not self.tender.problem.meets[others].any(axis=0).all():
            return None
        return self._least_among(others)

    def solver_around(self, provider: int) -> AllocationSolver:
        """A solver for what a provider may win at any price of its own."""
        return self._solver(np.append(self.front.without(provider), provider))

    def losers(self, winners: IntArray) -> Iterator[Loser]:
        """All but ``winners``, the front before the dominated before the incapable, by price."""
        capable = self.tender.problem.capable
        may: BoolArray = (np.all if self._one_does_all else np.any)(capable, axis=1)
        in_front = np.isin(np.arange(len(may)), self.front.members)
        others = np.setdiff1d(np.arange(len(may)), winners)
        order = np.lexsort((self.prices[others], ~in_front[others], ~may[others]))
        for j in others[order].tolist():
            yield self._loser(j, may=bool(may[j]), some=bool(capable[j].any()))

    @property
    def _one_does_all(self) -> bool:
        return self.auction.rule.name == "homogeneous"

    def _loser(self, j: int, *, may: bool, some: bool) -> Loser:
        offer = self.tender.offers[j]
        lost = Loser(offer.provider, offer.bid, offer.virtual_cost, "dearer")
        if not may:
            return replace(lost, why="not_capable_of_all" if some else "not_capable")
        dominator = self._dominator(j) if self.auction.rule.exact else None
        if dominator is not None:
            by = self.tender.offers[dominator].provider
            lost = replace(lost, why="dominated", by=by)
        return replace(lost, wins_below=self._wins_below(j))

    def _dominator(self, j: int) -> int | None:
        """Who of the front can do all that ``j`` can and is nowhere dearer; None if j is in it."""
        members, problem = self.front.members, self.tender.problem
        if j in members:
            return None
        weights = [np.ones(len(self.prices)), problem.input_ratio]
        if problem.hit_ratio is not None:
            weights.append(problem.hit_ratio)
        better = ~(problem.meets[j] & ~problem.meets[members]).any(axis=1)
        for weight in weights:
            price = self.prices * weight
            better &= price[members] <= price[j]
        return int(members[better.argmax()])

    def _wins_below(self, j: int) -> float | None:
        """The bid below which ``j`` would win something, 0 if there is none; None: not known."""
        rule, options = self.auction.rule, self.auction.options
        if rule.name in _SECOND_PRICES:
            found = _SECOND_PRICES[rule.name](self.tender, j, options)
            return max((bid for bid in found if bid is not None), default=0.0)
        if not rule.exact:
            return None
        solver, offer = self.solver_around(j), self.tender.offers[j]
        prices = self.prices.copy()
        prices[j] = 0.0
        (allocation,) = solver.allocate(prices[None])
        curve = QuantityCurve(solver, prices, j, offer, allocation, AllocationProblem.quantities)
        drops = curve.envelope().drops
        if not drops:
            return 0.0
        last = drops[-1].virtual_cost
        return last if rule.name == "pay_as_bid" else offer.prior.bid_at(last)

    def _least_among(self, members: IntArray) -> float:
        (allocation,) = self._solver(members).allocate(self.prices[None])
        return total_usd(self.prices, self.tender.quantity(allocation))

    def _solver(self, members: IntArray) -> AllocationSolver:
        market = self.tender.problem.among(members)
        name = self.auction.options.solver
        # One provider more may be too much for elimination, though the auction itself was not.
        return choose_solver("auto" if name == "elimination" else name, [market])(market)
