"""How much of a workflow one provider would win at every bid it could make."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from market.workflow.allocation import AllocationSolver
from market.workflow.breakpoints import Envelope, Line, lower_envelope
from market.workflow.priors import Prior
from market.workflow.quantities import FloatArray, IntArray, quantities


def quantity_curve(
    solver: AllocationSolver, prices: FloatArray, winner: int, prior: Prior, allocation: IntArray
) -> Envelope:
    """The quantity of ``winner`` from its virtual cost ``prices[winner]`` up to that of its top.

    ``prices`` (N,) are the virtual costs of everyone and ``allocation`` (n,) is the one that was
    chosen: the curve starts at its quantity, so that a tie at the winner's bid cannot pay it for
    other work than it does. ``prior`` is the winner's: at a virtual cost that many bids share the
    curve has the quantity of the allocation that is chosen there.
    """
    problem = solver.problem
    rivals = prices.copy()
    rivals[winner] = 0.0

    def lines(allocations: IntArray) -> Sequence[Line]:
        quantity = quantities(problem.tokens, problem.input_ratio, allocations)
        intercepts = (quantity * rivals).sum(axis=1)
        return list(map(Line, intercepts.tolist(), quantity[:, winner].tolist()))

    def probe(virtual_costs: FloatArray) -> Sequence[Line]:
        batch = np.tile(prices, (len(virtual_costs), 1))
        batch[:, winner] = virtual_costs
        return lines(solver.allocate(batch))

    (first,) = lines(allocation[None])
    top = prior.virtual_cost(prior.high)
    return lower_envelope(probe, first, float(prices[winner]), top, prior.flats)
