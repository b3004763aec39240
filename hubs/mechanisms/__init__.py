"""How a matching hub clears; one more mechanism is one class more."""

from hubs.mechanisms.auction import Auction, PerRequestAuction
from hubs.mechanisms.role import Clearing, Mechanism, Offers
from hubs.mechanisms.routing import RandomRouting, StickyRouting

#: Every mechanism by the name that a scenario gives it.
MECHANISMS: dict[str, type[Mechanism]] = {
    "auction": Auction,
    "auction_per_request": PerRequestAuction,
    "random": RandomRouting,
    "sticky": StickyRouting,
}

__all__ = ["MECHANISMS", "Auction", "Clearing", "Mechanism", "Offers", "PerRequestAuction"]
