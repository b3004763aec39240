"""The checks for whoever writes a plug-in: what is built in passes, what is wrong does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from agents.strategy import Draw, Random, Report, Truthful
from agents.strategy.conformance import faults_of_strategy
from agents.strategy.stationary import Stationary
from hubs.mechanisms import MECHANISMS, Auction, Clearing, Offers, TruthfulFor
from hubs.mechanisms.conformance import faults_of_mechanism
from tests.agents.strategy.test_conformance import MEMBER, STRATEGIES
from tests.plugins.installed import install_example, on_path


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with on_path(install_example(tmp_path_factory.mktemp("site"))):
        yield


@pytest.mark.parametrize("name", MECHANISMS)
def test_built_in_mechanisms_keep_all_promises(name: str) -> None:
    assert faults_of_mechanism(name, markets=20) == []


@pytest.mark.parametrize("name", ["posted_price", "dearest"])
def test_so_do_those_of_the_example(name: str, example: None) -> None:
    assert faults_of_mechanism(name, markets=20) == []


@pytest.mark.parametrize("strategy", [one for one, _, _ in STRATEGIES.values()], ids=STRATEGIES)
def test_built_in_strategies_keep_all_promises(strategy: Truthful) -> None:
    assert faults_of_strategy(strategy, MEMBER) == []


def test_so_does_that_of_the_example(example: None) -> None:
    from walras_example import Fading

    assert faults_of_strategy(Fading(kind="fading")) == []


class Wrong(Auction):
    """An auction with something about it that is not right."""

    def clear(self, offers: Offers, rng: np.random.Generator) -> Clearing:
        return self.changed(super().clear(offers, rng), offers)

    def changed(self, cleared: Clearing, offers: Offers) -> Clearing:
        raise NotImplementedError


class Crowded(Wrong):
    def changed(self, cleared: Clearing, offers: Offers) -> Clearing:
        return replace(cleared, match=np.zeros_like(cleared.match))


class Stingy(Wrong):
    def changed(self, cleared: Clearing, offers: Offers) -> Clearing:
        return replace(cleared, provider_receives=cleared.provider_receives // 2)


class Meddling(Wrong):
    def changed(self, cleared: Clearing, offers: Offers) -> Clearing:
        offers.costs[:] = 0
        return cleared


class Fractional(Wrong):
    def changed(self, cleared: Clearing, offers: Offers) -> Clearing:
        return replace(cleared, client_pays=cleared.client_pays / 2)


@pytest.mark.parametrize(
    ("wrong", "promise"),
    [
        (Crowded, "nobody serves more than its free slots"),
        (Stingy, "providers receive at least the cost at the bid"),
        (Meddling, "offers are left as they are"),
        (Fractional, "client_pays has a whole number for each of the requests"),
    ],
)
def test_a_promise_that_is_broken_is_named_with_a_market(wrong: type[Wrong], promise: str) -> None:
    assert promise in [line.split(" (drawn")[0] for line in faults_of_mechanism(wrong, markets=20)]


def test_a_false_claim_of_truth_is_found_out() -> None:
    claims = TruthfulFor(clients=True, providers=True)
    told = [line.split(" (")[0] for line in faults_of_mechanism(MECHANISMS["auction"], claims, 40)]
    assert told == ["no provider gains by a lie"]  # clients pay VCG prices, providers get the bid
    told = [line.split(" (")[0] for line in faults_of_mechanism("auction_per_request", claims, 40)]
    assert told == [
        "no client gains by a lie",
        "no provider gains by a lie",
    ]


class Forgetful(Stationary):
    """Counts in a place that all of its participants share."""

    kind: str = "forgetful"

    def report(self, draw: Draw) -> Report:
        COUNT.append(1)
        return Report(1.0 + len(COUNT))

    def factor(self, draw: Draw) -> float:
        raise NotImplementedError


COUNT: list[int] = []


class Negative(Random):
    """Reports below zero."""

    def factor(self, draw: Draw) -> float:
        return -draw()


def test_a_strategy_that_breaks_a_promise_is_told_which() -> None:
    assert "reports follow from the draws and the history alone" in faults_of_strategy(Forgetful())
    (told,) = faults_of_strategy(Negative())
    assert told.startswith("factors are above 0")
