"""How much of a workflow one provider would win at every bid it could make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from market.workflow.allocation import AllocationProblem, AllocationSolver
from market.workflow.breakpoints import Envelope, Line, Rise, lower_envelope
from market.workflow.offer import Offer
from market.workflow.quantities import FloatArray, IntArray

#: Work of every provider of a problem, (B, N) tokens, under (B, n) allocations.
Workload = Callable[[AllocationProblem, IntArray], FloatArray]


class QuantityCurve:
    """The work of ``winner`` at every virtual cost from ``prices[winner]`` upwards.

    ``prices`` (N,) are the virtual costs of everyone and ``allocation`` (n,) is the one that was
    chosen: the curve starts at its quantity, so that a tie at the winner's bid cannot pay it for
    other work than it does. ``workload`` says which work is paid.
    """

    def __init__(
        self,
        solver: AllocationSolver,
        prices: FloatArray,
        winner: int,
        offer: Offer,
        allocation: IntArray,
        workload: Workload,
    ):
        self._solver = solver
        self._prices = prices
        self._winner = winner
        self._offer = offer
        self._workload = workload
        self._rivals = prices.copy()
        self._rivals[winner] = 0.0
        (self._first,) = self._lines(allocation[None])

    def envelope(self) -> Envelope:
        """The curve up to the top of the winner's prior, exact.

        At a virtual cost that many bids share it has the quantity of the allocation chosen there.
        """
        prior, low = self._offer.prior, float(self._prices[self._winner])
        top = prior.virtual_cost(prior.high)
        return lower_envelope(self._probe, self._first, low, top, prior.flats)

    def paid_at(self, bids: FloatArray) -> FloatArray:
        """The paid work at each of ``bids`` (B,) above the winner's own; (B,) tokens."""
        prior = self._offer.prior
        lines = self._probe(np.array([prior.virtual_cost(bid) for bid in bids.tolist()]))
        return np.array([line.paid for line in lines])

    @property
    def paid_now(self) -> float:
        """The paid work at the winner's own bid."""
        return self._first.paid

    def _probe(self, virtual_costs: FloatArray) -> Sequence[WorkLine]:
        batch = np.tile(self._prices, (len(virtual_costs), 1))
        batch[:, self._winner] = virtual_costs
        return self._lines(self._solver.allocate(batch))

    def _lines(self, allocations: IntArray) -> Sequence[WorkLine]:
        problem = self._solver.problem
        quantity = problem.quantities(allocations)
        paid = quantity
        if self._workload is not AllocationProblem.quantities:
            paid = self._workload(problem, allocations)
        return [
            WorkLine(
                intercept=float((row * self._rivals).sum()),
                slope=float(row[self._winner]),
                paid=float(work[self._winner]),
                quantity=row,
                prices=self._rivals,
            )
            for row, work in zip(quantity, paid, strict=True)
        ]


@dataclass(frozen=True, slots=True, eq=False)
class WorkLine(Line):
    """A line that knows what its intercept is the cost of.

    ``quantity`` (N,) is everyone's at ``prices`` (N,), of which the winner's own is 0. Work that
    two allocations leave with the same provider cancels exactly, however dear it is.
    """

    quantity: FloatArray
    prices: FloatArray

    def rise_over(self, other: Line) -> Rise:
        """What everyone else's work costs more than under ``other``."""
        assert isinstance(other, WorkLine)  # lines are compared with those of the same curve
        moved = self.prices * (self.quantity - other.quantity)
        return Rise(float(moved.sum()), float(np.abs(moved).sum()))
