"""How a matching hub clears; one more mechanism is one class more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from hubs.mechanisms.auction import Auction, PerRequestAuction, TwoSidedAuction
from hubs.mechanisms.exploration import ExplorationParams, Exploring
from hubs.mechanisms.role import Clearing, Mechanism, Offers
from hubs.mechanisms.routers import ROUTERS, Router
from hubs.mechanisms.routing import Routing
from market.profiles import ProviderProfile

Members = Sequence[ProviderProfile]


def _routing(router: Callable[[Members], Router], members: Members) -> Mechanism:
    return Routing(router(members))


#: Every mechanism by the name that a scenario gives it; made for the members of a hub.
MECHANISMS: dict[str, Callable[[Members], Mechanism]] = {
    "auction": Auction,
    "auction_per_request": PerRequestAuction,
    "auction_two_sided": TwoSidedAuction,
    **{name: partial(_routing, router) for name, router in ROUTERS.items()},
}


@dataclass(frozen=True)
class TruthfulFor:
    """On which side nobody gains by a lie within one clearing, whatever all others report."""

    clients: bool
    providers: bool


#: Who is truthful under which mechanism; exploration changes nothing in it.
TRUTHFUL: dict[str, TruthfulFor] = {
    "auction": TruthfulFor(clients=True, providers=False),
    "auction_per_request": TruthfulFor(clients=False, providers=False),
    "auction_two_sided": TruthfulFor(clients=True, providers=True),
    **dict.fromkeys(ROUTERS, TruthfulFor(clients=True, providers=False)),
}


def mechanism_of(name: str, members: Members, exploration: ExplorationParams) -> Mechanism:
    """The mechanism of that name for the members of a hub, which explores if it is told to."""
    mechanism = MECHANISMS[name](members)
    return Exploring(mechanism, exploration) if exploration.explores else mechanism


__all__ = [
    "MECHANISMS",
    "ROUTERS",
    "TRUTHFUL",
    "Auction",
    "Clearing",
    "ExplorationParams",
    "Exploring",
    "Mechanism",
    "Offers",
    "PerRequestAuction",
    "TruthfulFor",
    "TwoSidedAuction",
    "mechanism_of",
]
