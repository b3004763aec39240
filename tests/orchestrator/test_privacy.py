"""Private values never reach a hub: with distorted reports, no true number is found in one.

Every object that is reachable from the hubs, the router and the messages to them is searched for
the true costs and valuations of the trial, as USD and as nano-USD, for the true skills of models,
and for the seed that would let one draw them again. Strategies scale every amount that is
reported, and published scores are skills with noise, so a true one can only be there if somebody
handed it over. (The weight of quality against latency is no amount: clients declare it as it is.
The base of a cost is public where the prior follows from the cost, and private where the prior is
stated, as it is for the providers that serve models.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from agents.provider import Provider
from market.money import nano_usd
from orchestrator.assembly import assemble, build_providers
from orchestrator.runtime import InProcess, hub_seats
from orchestrator.scenario.model import Scenario
from orchestrator.trial import Trial
from tests.markets import GROUPS, small_market

LIES = {"kind": "aggressive", "by": 1.371}
MODELS: list[dict[str, Any]] = [
    {
        "name": "acme/one",
        "tier": 2,
        "output_usd_per_mtok": 0.43,
        "input_ratio": 0.25,
        "skills": {"code": 0.81373, "law": 0.61897},
    },
    {
        "name": "acme/two",
        "tier": 3,
        "output_usd_per_mtok": 2.9,
        "input_ratio": 0.2,
        "hit_ratio": 0.02,
        "skills": {"code": 0.93719, "law": 0.87231},
    },
]
SERVING: dict[str, Any] = {
    "name": "api",
    "count": 6,
    "domains": ["code", "law"],
    "models": MODELS,
    "prior": {"kind": "uniform", "low": 0.01, "high": 50.0, "scaled": False},
}


COMING_AND_GOING: dict[str, Any] = {
    "cost": {"kind": "load", "of": GROUPS[0]["cost"], "slope": 0.7},
    "outages": {"kind": "drawn", "up_s": 6.0, "down_s": 2.0},
    "entry_exit": {"fixed_usd_per_s": {"uniform": [1e-5, 3e-5]}, "window_s": 4, "away_s": 3},
}


def distorted() -> Scenario:
    small, large = GROUPS
    groups = [small | COMING_AND_GOING, large, SERVING]
    return small_market(
        providers=[group | {"strategy": LIES} for group in groups],
        clients={"strategy": {"kind": "conservative", "by": 0.613}},
        hubs={"count": 2, "workflow": {"prior": {"source": "others", "min_samples": 20}}},
    )


def born_with(providers: Iterable[Provider]) -> set[float]:
    """The true skills of those that serve models, and the bases of their costs."""
    serving = [provider for provider in providers if provider.profile.model is not None]
    skills = {skill for model in MODELS for skill in model["skills"].values()}
    return skills | {one.cost._base for one in serving}


def numbers_in(things: Iterable[Any]) -> Iterator[float]:
    """Every number that is reachable from ``things``."""
    seen: set[int] = set()
    stack = list(things)
    while stack:
        thing = stack.pop()
        if isinstance(thing, int | float | np.number):
            yield thing.item() if isinstance(thing, np.number) else thing
        elif isinstance(thing, np.ndarray):
            yield from thing.ravel().tolist()
        elif not isinstance(thing, str | bytes | type) and id(thing) not in seen:
            seen.add(id(thing))
            stack += _inside(thing)


def _inside(thing: Any) -> list[Any]:
    if isinstance(thing, Mapping):
        return [*thing.keys(), *thing.values()]
    if isinstance(thing, list | tuple | set | frozenset | deque):
        return list(thing)
    slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    attributes = [getattr(thing, name) for name in slots if hasattr(thing, name)]
    return attributes + list(getattr(thing, "__dict__", {}).values())


class Wiretap(InProcess):
    """A runtime that keeps every message to and from a hub."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Any] = []

    def clear_hubs(self, round_: Any) -> Any:
        cleared = super().clear_hubs(round_)
        self.heard += [round_, cleared.reply]
        return cleared


@pytest.fixture(scope="module")
def secrets_and_numbers() -> tuple[set[float], set[float]]:
    scenario = distorted()
    market = assemble(scenario, 0)
    runtime = Wiretap()
    runtime.seat(scenario, market)
    secrets = born_with(build_providers(scenario, market.seed))
    absent: set[str | None] = set()
    for record in Trial(scenario, market, runtime).rounds():
        secrets |= {reply.private.cost_usd_per_mtok for reply in record.replies}
        absent |= {reply.private.presence.absence for reply in record.replies}
        fixed = {reply.private.presence.fixed_cost_nano for reply in record.replies}
        secrets |= fixed - {0}  # by itself in nano-USD
        for chat in record.arrived:
            truth = market.clients[chat.request.client].valuation
            secrets |= {truth.quality_usd, truth.latency_usd_per_s, chat.turn.task.query}
    assert absent == {"outage", "left", None}
    listened = [
        market.router,
        hub_seats(scenario, market),
        runtime.hubs,
        runtime.heard,
    ]
    secrets |= {nano_usd(secret) for secret in secrets}
    return secrets | {market.seed}, set(numbers_in(listened))


def test_there_are_secrets_of_providers_that_serve_models(
    secrets_and_numbers: tuple[set[float], set[float]],
) -> None:
    secrets, numbers = secrets_and_numbers
    assert {skill for model in MODELS for skill in model["skills"].values()} < secrets
    assert {0.01, 50.0} < numbers  # the stated prior, in a bid


def test_no_true_cost_or_valuation_is_in_a_hub_or_a_message_to_it(
    secrets_and_numbers: tuple[set[float], set[float]],
) -> None:
    secrets, numbers = secrets_and_numbers
    assert len(secrets) > 100
    assert not secrets & numbers


def test_the_search_would_have_found_them(
    secrets_and_numbers: tuple[set[float], set[float]],
) -> None:
    secrets, numbers = secrets_and_numbers
    reported = {secret * LIES["by"] for secret in secrets}
    assert len(reported & numbers) > 100
    some = sorted(secrets)[:3]
    hidden = [{"a": (np.array(some[:1]),)}, deque([np.float64(some[1])]), {"b": {some[2]}}]
    assert set(numbers_in(hidden)) == set(some)


def test_hubs_hold_no_provider_or_client(
    secrets_and_numbers: tuple[set[float], set[float]],
) -> None:
    scenario = distorted()
    seats = hub_seats(scenario, assemble(scenario, 0))
    members = [member for members in seats.matching.values() for member in members]
    assert members
    assert not any(isinstance(member, Provider) for member in members)
