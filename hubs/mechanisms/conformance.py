"""What every mechanism owes its hub, looked for in drawn markets; for whoever writes one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, replace

import numpy as np
import numpy.typing as npt

from hubs.mechanisms import Members, TruthfulFor, mechanism_named, truthful_for
from hubs.mechanisms.promises import misshapen, unfair
from hubs.mechanisms.role import Clearing, Mechanism, Nano, Offers
from market import seeding
from market.profiles import EngineProfile, ProviderProfile

Make = Callable[[Members], Mechanism]

DOMAINS = ("code", "law")

#: Amounts are few multiples of it, so that ties are many.
STEP_NANO = 1_000_003

ENGINE = EngineProfile("any", 16, 1000, 8, 2048, 8192, 0.01, 1e-4, 1e-3)


@dataclass(frozen=True)
class DrawnMarket:
    """Offers, the members of their hub, and the number by which both were drawn."""

    number: int
    members: Members
    offers: Offers

    def cleared(self, make: Make, **changes: Nano) -> Clearing:
        """With some offers changed, by a mechanism that has cleared nothing yet."""
        offers = replace(self.offers, **changes)  # type: ignore[arg-type]
        return make(self.members).clear(offers, seeding.stream(self.number, "clearing"))


def faults_of_mechanism(
    mechanism: str | Make, truthful: TruthfulFor | None = None, markets: int = 300
) -> list[str]:
    """The promises that a mechanism breaks, each with the first drawn market that shows it.

    Args:
        mechanism: its name, that of a plug-in too, or what makes it for the members of a hub.
        truthful: for whom it claims to be; None: what its name stands for, or nobody.
        markets: how many are drawn, of up to 6 requests and 4 providers each.

    Raises:
        BadInput: nobody has the name, or the plug-in cannot be loaded.
    """
    if isinstance(mechanism, str):
        truthful = truthful or truthful_for(mechanism)
        make = mechanism_named(mechanism)
    else:
        make = mechanism
    found: dict[str, int] = {}
    for number in range(markets):
        for promise in _broken(drawn_market(number), make, truthful or TruthfulFor(False, False)):
            found.setdefault(promise, number)
    return [f"{promise} (drawn market {number})" for promise, number in found.items()]


def drawn_market(number: int) -> DrawnMarket:
    """A market as hubs make them: no cost below zero, any value, some providers full."""
    rng = seeding.stream(number, "drawn market")
    requests, providers = int(rng.integers(0, 7)), int(rng.integers(1, 5))
    shape = requests, providers
    slots = rng.integers(1, 4, providers)
    offers = Offers(
        values=rng.integers(-5, 40, shape) * STEP_NANO,
        costs=rng.integers(0, 9, shape) * STEP_NANO,
        capacities=rng.integers(0, slots + 1),
        clients=rng.choice(["a", "b", "c"], requests).tolist(),
        domains=rng.choice(DOMAINS, requests).tolist(),
        cached_tokens=rng.choice([0.0, 16.0, 160.0], shape),
        top_costs=rng.integers(9, 20, shape) * STEP_NANO,
        round=int(rng.integers(1, 3)),
    )
    members = [
        ProviderProfile(f"p{one}", 1, DOMAINS[:1], dict.fromkeys(DOMAINS, 0.5), 0.25, 0.025,
                        int(slots[one]), 0, ENGINE)
        for one in range(providers)
    ]  # fmt: skip
    return DrawnMarket(number, members, offers)


def _broken(market: DrawnMarket, make: Make, truthful: TruthfulFor) -> Iterator[str]:
    before = _listed(market.offers)
    cleared = market.cleared(make)
    if _listed(market.offers) != before:
        yield "offers are left as they are"
    shapes = misshapen(market.offers, cleared)
    if shapes:
        yield shapes
        return  # nothing else makes sense
    yield from unfair(market.offers, cleared)
    if _listed(market.cleared(make)) != _listed(cleared):
        yield "the same generator gives the same clearing"
    if truthful.clients and _gain_of_a_client(market, make) > 0:
        yield "no client gains by a lie"
    if truthful.providers and _gain_of_a_provider(market, make) > 0:
        yield "no provider gains by a lie"


def _listed(arrays: Offers | Clearing) -> list[object]:
    return [np.asarray(one).tolist() for one in astuple(arrays)]


def _gain_of_a_client(market: DrawnMarket, make: Make) -> int:
    """What the owner of the first request gains by other values of its own requests."""
    offers = market.offers
    rows = [row for row, one in enumerate(offers.clients) if one == offers.clients[0]]
    lie = offers.values.copy()
    lie[rows] = _lie(market, offers.values[rows])

    def utility(cleared: Clearing) -> int:
        served = [row for row in rows if cleared.match[row] >= 0]
        worth = offers.values[served, cleared.match[served]].sum()
        return int(worth - cleared.client_pays[rows].sum())

    return utility(market.cleared(make, values=lie)) - utility(market.cleared(make))


def _gain_of_a_provider(market: DrawnMarket, make: Make) -> int:
    """What the last provider gains by other costs of its own."""
    offers = market.offers
    lie = offers.costs.copy()
    lie[:, -1] = np.abs(_lie(market, offers.costs[:, -1]))

    def utility(cleared: Clearing) -> int:
        rows = np.flatnonzero(cleared.match == len(offers.capacities) - 1)
        return int((cleared.provider_receives[rows] - offers.costs[rows, -1]).sum())

    return utility(market.cleared(make, costs=lie)) - utility(market.cleared(make))


def _lie(market: DrawnMarket, truth: Nano) -> npt.NDArray[np.int64]:
    """All halved, all doubled, or any other amounts."""
    rng = seeding.stream(market.number, "lie")
    anything = rng.integers(-5, 40, truth.shape) * STEP_NANO
    return (truth // 2, 2 * truth, anything)[int(rng.integers(3))]
