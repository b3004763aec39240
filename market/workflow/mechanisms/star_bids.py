"""The bids at which STAR's quantity of one provider changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from market.workflow.graph import Workflow
from market.workflow.offer import Offer
from market.workflow.star import StarOptions, star


def critical_bids_of_star(
    workflow: Workflow,
    offers: Sequence[Offer],
    provider: str,
    options: StarOptions | None = None,
) -> tuple[float, ...]:
    """The exact breakpoints of its own answer, see ``CriticalBids``.

    Neither the workload that is paid for nor the method of payment moves them, and a provider that
    loses at its bid loses at every higher one.
    """
    exact = replace(options or StarOptions(), workload="cost_bearing", payment_method="exact")
    return tuple(point.bid for point in star(workflow, offers, exact).breakpoints.get(provider, ()))
