"""Auctions that charge cached input at hit ratios of the providers' own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from market.workflow import StarOptions
from tests.oracles import BruteForceWorkflow
from tests.strategies import Auction

#: Hit ratios over input ratios; at 1 a cut costs nothing.
SHARES = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0.0, 1.0))


@dataclass(frozen=True)
class CachedAuction(Auction):
    """An auction whose options charge cached input."""

    def options(self, **changes: str) -> StarOptions:
        """Options for this auction."""
        return replace(super().options(**changes), charge_cached_input=True)

    def brute_force(self) -> BruteForceWorkflow:
        """All allocations."""
        return BruteForceWorkflow(
            self.workflow, self.offers, self.charge_entry_input, charge_cached_input=True
        )


@st.composite
def cached(draw: st.DrawFn, auctions: st.SearchStrategy[Auction]) -> CachedAuction:
    """One of ``auctions`` with hit ratios."""
    auction = draw(auctions)
    offers = tuple(
        replace(offer, hit_ratio=draw(SHARES) * offer.input_ratio) for offer in auction.offers
    )
    return CachedAuction(auction.workflow, offers, auction.charge_entry_input)
