"""Baseline routers; one more is one file more and one line here, or a plug-in."""

from collections.abc import Callable, Sequence

from hubs.mechanisms.routers.cheapest import CheapestRouter
from hubs.mechanisms.routers.least_loaded import LeastLoadedRouter
from hubs.mechanisms.routers.matrix_factorization import MatrixFactorizationRouter
from hubs.mechanisms.routers.random import RandomRouter
from hubs.mechanisms.routers.role import Router
from hubs.mechanisms.routers.round_robin import RoundRobinRouter
from hubs.mechanisms.routers.sticky import StickyRouter
from market.profiles import ProviderProfile

#: Every built-in router by the name that a scenario gives it; made for the members of a hub.
ROUTERS: dict[str, Callable[[Sequence[ProviderProfile]], Router]] = {
    "random": RandomRouter,
    "round_robin": RoundRobinRouter,
    "least_loaded": LeastLoadedRouter,
    "cheapest": CheapestRouter,
    "sticky": StickyRouter,
    "matrix_factorization": MatrixFactorizationRouter,
}

__all__ = ["ROUTERS", "Router"]
