"""From what a rule knows of its tender to the critical bids of one provider."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from market.workflow.graph import Workflow
from market.workflow.mechanisms.role import CriticalBids
from market.workflow.mechanisms.tender import Tender
from market.workflow.offer import Offer
from market.workflow.star import StarOptions

#: The critical bids of the provider at a position of a tender, in any order; some may be out of
#: its reach, or None where no bid decides.
FindCritical = Callable[[Tender, int, StarOptions], Iterable[float | None]]


def critical_bids_by(find: FindCritical) -> CriticalBids:
    """Those that ``find`` finds, as ``CriticalBids``: within reach, ascending."""

    def critical_bids(
        workflow: Workflow,
        offers: Sequence[Offer],
        provider: str,
        options: StarOptions | None = None,
    ) -> tuple[float, ...]:
        options = options or StarOptions()
        tender = Tender.call(workflow, offers, options)
        i = tender.position(provider)
        return () if i is None else tender.reachable(i, find(tender, i, options))

    return critical_bids
