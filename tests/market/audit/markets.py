"""The auctions of the audit's tests as the auditor takes them."""

from __future__ import annotations

from market.matching import MatchingMarket as Audited
from market.workflow import WorkflowAuction
from market.workflow.mechanisms import MECHANISMS, Rule
from tests.strategies import Auction, MatchingMarket


def under(auction: Auction, rule: str | Rule, **options: str) -> WorkflowAuction:
    chosen = MECHANISMS[rule] if isinstance(rule, str) else rule
    return WorkflowAuction(auction.workflow, auction.offers, chosen, auction.options(**options))


def in_usd(market: MatchingMarket, clients: tuple[str, ...] | None) -> Audited:
    values, costs = market.values.astype(float), market.costs.astype(float)
    return Audited(values, costs, market.allowed, market.capacities, clients)
