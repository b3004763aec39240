"""What every clearing owes: promises that can be seen in it alone, and their guard for plug-ins."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hubs.mechanisms.role import Clearing, Mechanism, Offers
from market.plugins import Plugin


class Guarded:
    """The mechanism of a plug-in, whose clearings are looked at before they count."""

    def __init__(self, mechanism: Mechanism, plugin: Plugin):
        self._mechanism = mechanism
        self._plugin = plugin

    def clear(self, offers: Offers, rng: np.random.Generator) -> Clearing:
        """As the mechanism does; raises ``BadInput`` with the first promise that it breaks."""
        cleared = self._mechanism.clear(offers, rng)
        broken = misshapen(offers, cleared) or next(unfair(offers, cleared), "")
        if broken:
            raise self._plugin.wrong(f"expected of every clearing: {broken}")
        return cleared


def misshapen(offers: Offers, cleared: Clearing) -> str:
    """What is of another shape or type than the role says; empty where nothing is."""
    if not isinstance(cleared, Clearing):
        return "it is a Clearing"
    requests, providers = offers.values.shape
    for name, length in (
        ("match", requests),
        ("client_pays", requests),
        ("provider_receives", requests),
        ("scarcity_prices", providers),
        ("largest_prices", providers),
    ):
        array = np.asarray(getattr(cleared, name))
        if array.shape != (length,) or not np.issubdtype(array.dtype, np.integer):
            who = "requests" if length == requests else "providers"
            return f"{name} has a whole number for each of the {who}"
    if cleared.explored.shape != (requests,) or cleared.explored.dtype != bool:
        return "explored has a truth value for each of the requests"
    if ((cleared.match < -1) | (cleared.match >= providers)).any():
        return "match has the index of a provider, or -1"
    return ""


def unfair(offers: Offers, cleared: Clearing) -> Iterator[str]:
    """The promises that a clearing of the right shape breaks."""
    served = np.flatnonzero(cleared.match >= 0)
    used = np.bincount(cleared.match[served], minlength=len(offers.capacities))
    if (used > offers.capacities).any():
        yield "nobody serves more than its free slots"
    unmatched = cleared.match < 0
    if cleared.client_pays[unmatched].any() or cleared.provider_receives[unmatched].any():
        yield "who is not matched pays nothing and costs nothing"
    costs = offers.costs[served, cleared.match[served]]
    if (cleared.provider_receives[served] < costs).any():
        yield "providers receive at least the cost at the bid"
    if (cleared.client_pays[served] < 0).any():
        yield "no client is paid for being served"
    if (cleared.scarcity_prices < 0).any():
        yield "scarcity prices are 0 or more"
    if cleared.explored.any():
        yield "a mechanism by itself explores nothing"
