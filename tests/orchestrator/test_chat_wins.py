"""What providers are told of a clearing: their own jobs, and the price of their own slots."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from agents.chat_bids import ChatWin
from agents.engine import Job
from market.money import nano_usd
from orchestrator.assembly import Market, assemble
from orchestrator.chat_wins import chat_wins
from orchestrator.records import RoundRecord
from orchestrator.runtime import InProcess, Stepped
from orchestrator.scenario.model import Scenario
from orchestrator.trial import Trial
from tests.markets import DIALOGUES, GROUPS, small_market
from tests.orchestrator.test_privacy import numbers_in

STRATEGIES = ({"kind": "best_response"}, {"kind": "aggressive", "by": 1.371})


class Wiretap(InProcess):
    """A runtime that keeps what every provider was told of its wins, round by round."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Mapping[str, ChatWin]] = []

    def step_providers(
        self,
        jobs: Mapping[str, Sequence[Job]],
        until_s: float,
        won: Mapping[str, ChatWin],
        silent: Collection[str],
    ) -> Stepped:
        self.told.append(won)
        return super().step_providers(jobs, until_s, won, silent)


@dataclass(frozen=True)
class Played:
    """A market after its trial, what was told in it, and its rounds."""

    market: Market
    runtime: Wiretap
    records: list[RoundRecord] = field(default_factory=list)

    @property
    def told(self) -> Iterable[tuple[RoundRecord, Mapping[str, ChatWin]]]:
        """Every clearing, with what was told of it."""
        return zip(self.records, self.runtime.told[1:], strict=False)


def played(scenario: Scenario) -> Played:
    market, runtime = assemble(scenario, 0), Wiretap()
    runtime.seat(scenario, market)
    return Played(market, runtime, list(Trial(scenario, market, runtime).rounds()))


def market_of(mechanism: str, **hubs: object) -> Scenario:
    return small_market(
        providers=[
            group | {"strategy": strategy}
            for group, strategy in zip(GROUPS, STRATEGIES, strict=True)
        ],
        demand=[DIALOGUES | {"rate_per_s": 20}],
        hubs={"count": 2, "mechanism": mechanism, **hubs},
    )


@pytest.fixture(scope="module")
def auctioned() -> Played:
    return played(market_of("auction"))


def test_a_winner_is_told_of_its_own_jobs_and_the_price_of_its_own_slots(auctioned: Played) -> None:
    prices = set()
    for record, told in auctioned.told:
        awards = [award for reply in record.chat.values() for award in reply.awards]
        assert set(told) == {award.provider for award in awards}
        for hub, members in auctioned.market.matching_members.items():
            published = record.chat[hub].signal.largest_prices_nano
            for member, price in zip(members, published, strict=True):
                if member.provider in told:
                    won = told[member.provider]
                    mine = [award for award in awards if award.provider == member.provider]
                    assert won.asked_nano == tuple(award.cost_nano for award in mine)
                    assert won.received_nano == tuple(one.provider_receives_nano for one in mine)
                    assert won.largest_price_nano == price
                    prices.add(price)
    assert len(prices) > 20


def test_nobody_is_told_anything_before_the_first_clearing(auctioned: Played) -> None:
    assert auctioned.runtime.told[0] == {}


def test_the_best_response_is_to_what_was_told_of_the_last_clearing(auctioned: Played) -> None:
    raised = 0
    last: dict[str, float] = {}
    replies = [record.replies for record in auctioned.records]
    for told, answers in zip(auctioned.runtime.told, replies, strict=True):
        for reply in answers:
            name, cost = reply.bid.provider, reply.private.cost_usd_per_mtok
            if name.startswith("small"):
                won = told.get(name)
                highest = None if won is None else won.highest_bid(last[name])
                expected = cost if highest is None else min(10 * cost, max(cost, highest))
                assert reply.bid.chat == pytest.approx(expected)
                assert reply.bid.workflow == cost
                raised += reply.bid.chat > cost
                last[name] = reply.bid.chat
    assert raised > 20


def test_it_is_the_truth_throughout_where_providers_are_paid_what_they_add() -> None:
    found = played(market_of("auction_two_sided"))
    bids = [reply for record in found.records for reply in record.replies]
    best = [one for one in bids if one.bid.provider.startswith("small")]
    assert all(one.bid.chat == pytest.approx(one.private.cost_usd_per_mtok) for one in best)
    assert sum(len(told) for _, told in found.told) > 20


def test_jobs_that_were_handed_out_to_explore_were_not_won() -> None:
    found = played(market_of("auction", exploration={"rate": 0.5}))
    explored = set()
    for record, told in found.told:
        awards = [award for reply in record.chat.values() for award in reply.awards]
        explored |= {award.request for award in awards if award.explored}
        won = sum(len(one.asked_nano) for one in told.values())
        assert won == sum(not award.explored for award in awards)
        assert told == chat_wins(found.market.matching_members, record.chat)
    assert len(explored) > 10


def test_no_provider_is_told_or_holds_the_cost_or_the_bid_of_another(auctioned: Played) -> None:
    secrets: dict[str, set[float]] = {}
    for record in auctioned.records:
        for reply in record.replies:
            bid, cost = reply.bid, reply.private.cost_usd_per_mtok
            amounts = {bid.chat, bid.workflow, cost}
            secrets.setdefault(bid.provider, set()).update(amounts, map(nano_usd, amounts))
    held = {one.profile.provider: [one] for one in auctioned.runtime.providers._simulated}
    for told in auctioned.runtime.told:
        for name, won in told.items():
            held[name].append(won)
    own = 0
    for name, things in held.items():
        numbers = set(numbers_in(things))
        own += bool(secrets[name] & numbers)
        others = set().union(*(theirs for other, theirs in secrets.items() if other != name))
        assert len(others) > 100
        assert not others & numbers
    assert own > 5
