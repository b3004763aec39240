"""How a matching hub clears; one more mechanism is one class more, here or in a plug-in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from hubs.mechanisms.auction import Auction, PerRequestAuction, TwoSidedAuction
from hubs.mechanisms.exploration import ExplorationParams, Exploring
from hubs.mechanisms.promises import Guarded
from hubs.mechanisms.role import Clearing, Mechanism, Offers
from hubs.mechanisms.routers import ROUTERS, Router
from hubs.mechanisms.routing import Routing
from market import plugins
from market.errors import BadInput
from market.fields import shown
from market.profiles import ProviderProfile

Members = Sequence[ProviderProfile]


def _routing(router: Callable[[Members], Router], members: Members) -> Mechanism:
    return Routing(router(members))


#: Every built-in mechanism by the name that a scenario gives it; made for the members of a hub.
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


#: Names of mechanisms, routers among them: those built in and those of plug-ins.
NAMES = plugins.Role((plugins.MECHANISMS, plugins.ROUTERS), MECHANISMS)


def mechanism_named(name: str) -> Callable[[Members], Mechanism]:
    """What makes the mechanism of that name for the members of a hub.

    Raises:
        BadInput: nobody has the name, or a plug-in cannot be loaded.
    """
    if name in MECHANISMS:
        return MECHANISMS[name]
    plugin = NAMES.get(name)
    assert plugin is not None  # it is not built in
    named = plugins.load(plugin)
    if not callable(named):
        raise plugin.wrong(f"expected what makes it for the members of a hub, got {shown(named)}")
    if plugin.group == plugins.ROUTERS:
        return partial(_routing, named)
    made: Callable[[Members], Mechanism] = named
    return made


def is_router(name: str) -> bool:
    """Whether the mechanism of that name routes, and pays the bid."""
    plugin = None if name in MECHANISMS else NAMES.find(name)
    return name in ROUTERS or (plugin is not None and plugin.group == plugins.ROUTERS)


def truthful_for(name: str) -> TruthfulFor:
    """Who is truthful under the mechanism of that name; of a plug-in, what it says itself.

    A plug-in that says nothing is truthful for nobody.

    Raises:
        BadInput: see ``mechanism_named``.
    """
    if name in TRUTHFUL:
        return TRUTHFUL[name]
    named = mechanism_named(name)
    if isinstance(named, partial) and named.func is _routing:
        named = named.args[0]
    said = getattr(named, "truthful", TruthfulFor(clients=False, providers=False))
    if not isinstance(said, TruthfulFor):
        raise BadInput(
            "", f"{NAMES.get(name)}: truthful: expected a TruthfulFor, got {shown(said)}"
        )
    return said


def mechanism_of(name: str, members: Members, exploration: ExplorationParams) -> Mechanism:
    """The mechanism of that name for the members of a hub, which explores if it is told to.

    What a plug-in decides is looked at; whatever breaks a promise ends in ``BadInput``.
    """
    mechanism = mechanism_named(name)(members)
    plugin = None if name in MECHANISMS else NAMES.find(name)
    if plugin is not None:
        mechanism = Guarded(mechanism, plugin)
    return Exploring(mechanism, exploration) if exploration.explores else mechanism


__all__ = [
    "MECHANISMS",
    "NAMES",
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
    "is_router",
    "mechanism_named",
    "mechanism_of",
    "truthful_for",
]
