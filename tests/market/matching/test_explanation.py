"""What is said of a matching is what the clearing does: every sum and counterfactual."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from market import explain, solve
from market.explaining import explain_in_words
from market.matching import MatchingMarket, written_market
from market.matching.explanation import MatchingExplanation, explain_market, in_words

INSTANCES = Path(__file__).resolve().parents[3] / "examples" / "instances"
MATCHINGS = {
    path.parent.name: problem
    for path in sorted(INSTANCES.glob("*/problem.json"))
    if (problem := json.loads(path.read_text()))["kind"] == "matching"
}


def markets(count: int, seed: int, *, clients: bool = False) -> Iterator[MatchingMarket]:
    """Scarce markets of whole amounts, so that ties are met."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        requests, providers = rng.integers(1, 9), rng.integers(1, 5)
        shape = (requests, providers)
        names = tuple(f"c{k}" for k in rng.integers(0, 3, requests))
        yield MatchingMarket(
            values=rng.integers(-2, 30, shape).astype(float),
            costs=rng.integers(0, 9, shape).astype(float),
            allowed=rng.random(shape) < 0.8,
            capacities=rng.integers(0, 3, providers),
            clients=names if clients else None,
            payments=("client_clarke", "two_sided")[number % 2],
        )


def explained(market: MatchingMarket) -> MatchingExplanation:
    return explain_market(market, market.clear())


def assert_adds_up(told: MatchingExplanation, answer: dict) -> None:
    near = {"rel": 1e-9, "abs": 1e-9}
    assert told.welfare == answer["welfare"]
    assert sum(one.surplus for one in told.matched) == pytest.approx(told.welfare, **near)
    for one in told.matched:
        assert answer["match"][one.request] == one.provider
        assert one.payment == answer["payments"][one.request]
        assert one.cost + one.externality == pytest.approx(one.payment, **near)
        assert one.provider_receives == answer["provider_receives"][one.request]
        assert one.scarcity_price == answer["scarcity_prices"][one.provider]
    assert [answer["match"][one.request] for one in told.unmatched] == [None] * len(told.unmatched)
    assert len(told.matched) + len(told.unmatched) == len(answer["match"])
    assert sum(one.payment for one in told.matched) == pytest.approx(told.paid, **near)
    assert sum(one.receives for one in told.slots) == pytest.approx(told.received, **near)
    if "deficit" in answer:
        assert told.received - told.paid == pytest.approx(answer["deficit"], **near)
    together = {request for one in told.together for request in one.matched}
    for one in told.matched:
        if one.request not in together:
            assert one.externality == pytest.approx(one.scarcity_price, **near)
    for one in told.together:
        own = [m.externality for m in told.matched if m.request in one.matched]
        assert sum(own) == pytest.approx(one.externality, **near)
        assert one.externality <= one.scarcity_prices + 1e-9


@pytest.mark.parametrize("name", MATCHINGS)
def test_every_instance_is_explained_by_its_answer(name: str) -> None:
    problem = MATCHINGS[name]
    as_dict = json.loads(json.dumps(explain(problem)))
    answer = solve(problem)
    assert as_dict["welfare"] == answer["welfare"]
    assert [one["payment"] for one in as_dict["matched"]] == [
        payment for payment in answer["payments"] if payment is not None
    ]
    assert all(line == line.rstrip() for line in explain_in_words(problem))


@pytest.mark.parametrize("clients", [False, True])
def test_payments_add_up(clients: bool) -> None:
    sets = 0
    for market in markets(60, seed=1, clients=clients):
        told = explained(market)
        assert_adds_up(told, solve(written_market(market)))
        sets += len(told.together)
    assert (sets > 0) is clients


def test_one_more_slot_is_taken_by_the_moves_that_are_said() -> None:
    longest = 0
    for market in markets(120, seed=2):
        for slots in explained(market).slots:
            if slots.scarcity_price == 0:
                assert slots.one_more == ()
                continue
            added = 0.0
            place, free = slots.provider, slots.provider
            for move in slots.one_more:
                assert move.target == free  # each goes where the one before made room
                added += market.weights[move.request, move.target]
                if move.source is not None:
                    added -= market.weights[move.request, move.source]
                free = move.source
            assert added == pytest.approx(slots.scarcity_price)
            more = market.capacities.copy()
            more[place] += 1
            gained = replace(market, capacities=more).clear().welfare - market.clear().welfare
            assert gained == pytest.approx(slots.scarcity_price)
            longest = max(longest, len(slots.one_more))
    assert longest >= 2


def test_an_unmatched_request_gets_its_slot_for_what_it_lacks_and_not_for_less() -> None:
    whys = set()
    for market in markets(80, seed=3):
        for one in explained(market).unmatched:
            whys.add(one.why)
            if one.nearest is None:
                allowed = market.allowed[one.request]
                assert not (market.capacities[allowed] > 0).any()
                continue
            assert one.lacks == one.price - one.surplus
            for by, matched in ((one.lacks + 1e-6, True), (one.lacks - 1e-6, False)):
                row = market.values[one.request].copy()
                row[one.nearest] += by
                again = market.with_values([one.request], row[None]).clear().match[one.request]
                assert (again == one.nearest) is np.bool_(matched)
                if not matched:
                    row = market.values[one.request] + by
                    again = market.with_values([one.request], row[None]).clear()
                    assert again.match[one.request] == -1
    assert whys == {"no_slot", "no_surplus", "priced_out"}


def test_the_words_tell_the_figures_of_an_instance() -> None:
    said = list(explain_in_words(MATCHINGS["chain-of-displacement"]))
    for line in (
        "2 of 3 requests matched to 2 providers with 2 slots, for the largest welfare, value less"
        " cost: 15.",
        "Request 0 goes to provider 0: worth 10 at a cost of 1, which adds 9.",
        "  It pays 5 = 1, its cost, + 4, the scarcity price of a slot at provider 0.",
        "Request 2 is unmatched: nearest is provider 1, where it would add 3 and drive out 6; it"
        " would get a slot there if it were worth more than 3 more.",
        "  at provider 0, where 1 of 1 are taken, it would add 4: request 1 would come from"
        " provider 1, then request 2 would come in.",
    ):
        assert line in said


def test_the_words_do_not_speak_of_providers_without_a_slot() -> None:
    full = {"kind": "matching", "values": [[9, 1]], "costs": [[2, 2]], "capacities": [0, 1]}
    (line,) = [line for line in explain_in_words(full) if "Request 0" in line]
    assert line.startswith("Request 0 is unmatched: at no provider that has a slot is it worth")


def test_the_words_tell_a_deficit_and_who_is_charged_together() -> None:
    together = deficit = False
    for market in markets(40, seed=4, clients=True):
        lines = list(in_words(explained(market)))
        together |= any("as a set: without" in line for line in lines)
        deficit |= any("which the hub bears" in line for line in lines)
    assert together
    assert deficit


def test_an_empty_market_is_explained() -> None:
    said = explain_in_words({"kind": "matching", "values": [], "costs": [], "capacities": [1]})
    assert said[0].startswith("0 of 0 requests matched to 1 provider with 1 slot")
