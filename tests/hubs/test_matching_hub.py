from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hubs.matching_hub import ChatReply, ChatRound, MatchingHub
from hubs.mechanisms import MECHANISMS
from hubs.params import HubParams
from market.messages import ChatRequest, Completion, Settlement, Signal, Valuation
from market.prompt import Span
from tests.hubs.builders import DOMAINS, bid, completion, provider, request

ONE = [provider("p", chat_slots=1)]
TWO = [provider("p", chat_slots=1), provider("q", chat_slots=2)]
WORTHLESS = Valuation(0.0, 0.0, 1.0)


class Rounds:
    """A hub and the number of its next round."""

    def __init__(self, members=ONE, **params: Any):
        self.hub = MatchingHub("hub-0", members, DOMAINS, HubParams(**params), seed=5)
        self._number = 0

    def next(
        self, requests: Sequence[ChatRequest] = (), completions: Sequence[Completion] = (), **bids
    ) -> ChatReply:
        """Clear one round; every provider bids 1 USD unless ``bids`` says otherwise."""
        self._number += 1
        offered = [bid(one.provider, bids.get(one.provider, 1.0)) for one in self.hub.members]
        asked = [(one, "law") for one in requests]
        return self.hub.clear(ChatRound(self._number, completions, asked, offered))


def named(count: int, **changes: Any) -> list[ChatRequest]:
    return [request(f"d-{number}.1", **changes) for number in range(count)]


def test_a_request_is_matched_and_settled_when_it_comes_back():
    rounds = Rounds()
    first = rounds.next([request("d-1.1")])
    (award,) = first.awards
    assert (award.request, award.provider, award.hub) == ("d-1.1", "p", "hub-0")
    assert award.client == "client of d-1.1"
    assert first.refused == first.settlements == ()
    later = rounds.next(completions=[completion("d-1.1")])
    assert later.settlements == (
        Settlement(
            "d-1.1", "chat", "client of d-1.1", "p", "hub-0",
            award.client_pays_nano, award.provider_receives_nano, award.hub_keeps_nano, False,
        ),
    )  # fmt: skip


def test_the_cost_and_the_value_of_an_award_are_those_of_the_prediction():
    # 100 tokens to read at a quarter and 80 to write at 2 USD per million; a right answer, of
    # chance 0.8, is worth 1 USD to weight 0.8, and each second costs a cent to weight 0.2.
    rounds = Rounds(predictor={"output_tokens": 80.0})
    reply = rounds.next([request()], p=2.0)
    (award,) = reply.awards
    assert award.cost_nano == 2 * (25 + 80) * 1000
    wait_s = ONE[0].engine.prefill_s(100)
    assert award.value_nano == round((0.8 * 1.0 * 0.8 - 0.2 * 0.01 * wait_s) * 1e9)
    assert award.expected.output_tokens == 80.0
    assert award.provider_receives_nano == award.client_pays_nano == award.cost_nano


def test_a_cached_prefix_is_charged_at_the_lower_ratio():
    rounds = Rounds(predictor={"output_tokens": 80.0})
    asked = request("d-1.1", (Span(1, 1000),))
    rounds.next([asked])
    after = request("d-1.2", (Span(1, 1000), Span(2, 100)), turn=2)
    (award,) = rounds.next([after], [completion("d-1.1", quality=None)]).awards
    outcome = 50  # the guess is gone with the first answer
    assert award.expected.cached_tokens == 1000.0
    assert award.cost_nano == round((outcome + 0.25 * 100 + 0.025 * 1000) * 1000)


def test_competition_for_a_slot_goes_to_the_hub():
    rich = request("d-1.1", reported=Valuation(0.8, 2.0, 0.01))
    poor = request("d-2.1", reported=Valuation(0.8, 1.0, 0.01))
    reply = Rounds().next([poor, rich])
    (award,) = reply.awards
    assert award.request == "d-1.1"
    market = reply.market
    assert award.hub_keeps_nano == market.values_nano[0, 0] - market.costs_nano[0, 0]
    assert reply.signal.scarcity_prices_nano == (award.hub_keeps_nano,)


def test_a_failure_voids_the_money_and_frees_the_slot():
    rounds = Rounds()
    rounds.next(named(2))
    reply = rounds.next(completions=[completion("d-0.1", error="prompt too long")])
    (settlement,) = reply.settlements
    assert settlement.void
    amounts = (
        settlement.client_paid_nano,
        settlement.provider_received_nano,
        settlement.hub_kept_nano,
    )
    assert amounts == (0, 0, 0)
    assert [award.request for award in reply.awards] == ["d-1.1"]


def test_nothing_is_learned_from_a_failure():
    failed, unlucky = Rounds(), Rounds()
    failed.next([request("d-1.1")])
    unlucky.next([request("d-1.1")])
    slow = completion("d-1.1", first_token_s=90.0, finish_s=99.0, quality=0.0)
    after = [request("d-2.1")]
    (of_failure,) = failed.next(after, [replace(slow, error="lost")]).awards
    (of_bad_service,) = unlucky.next(after, [slow]).awards
    assert of_failure.expected.quality == 0.8
    assert of_bad_service.expected.quality < 0.8
    assert of_bad_service.expected.ttft_s > of_failure.expected.ttft_s


def test_a_slot_is_taken_until_its_request_comes_back():
    rounds = Rounds(patience_rounds=9)
    assert len(rounds.next(named(3)).awards) == 1
    assert rounds.next().awards == ()
    assert [award.request for award in rounds.next(completions=[completion("d-0.1")]).awards] == [
        "d-1.1"
    ]


@pytest.mark.parametrize("patience", [1, 2, 4])
def test_an_unmatched_request_waits_as_long_as_its_patience_and_is_refused(patience):
    rounds = Rounds(patience_rounds=patience)
    rounds.next([request("d-0.1")])
    refused = [rounds.next([request("d-1.1")]).refused]
    refused += [rounds.next().refused for _ in range(patience + 2)]
    assert refused == [
        ("d-1.1",) if number == patience else () for number in range(1, patience + 4)
    ]


def test_a_request_that_nobody_serves_at_a_gain_is_not_matched_though_slots_are_free():
    rounds = Rounds(patience_rounds=1)
    reply = rounds.next([request(reported=WORTHLESS)])
    assert reply.awards == ()
    assert reply.refused == ("d-1.1",)


def test_a_client_with_two_requests_pays_for_both_as_a_set():
    two_slots = [provider("p", chat_slots=2)]
    both = [request(f"d-{number}.1", client="owner") for number in (1, 2)]
    rival = request("d-3.1", reported=Valuation(0.8, 0.9, 0.01))
    together = Rounds(two_slots).next([*both, rival])
    apart = Rounds(two_slots).next([*(replace(one, client=one.request) for one in both), rival])
    kept = [sum(award.hub_keeps_nano for award in reply.awards) for reply in (together, apart)]
    displaced = int(together.market.values_nano[2, 0] - together.market.costs_nano[2, 0])
    # as one client they displace the rival once; as two, each could make room for it
    assert kept == [displaced, 2 * displaced]
    assert len(together.awards) == 2


def test_a_round_without_requests_clears_nothing_and_still_publishes():
    reply = Rounds(TWO).next()
    assert reply.market is None
    assert reply.awards == ()
    assert reply.signal == Signal("hub-0", (0, 0), (0, 0), 3, 0, 0)


def test_both_prices_of_a_slot_are_published():
    worths = (3.0, 2.0, 1.0)
    asked = [
        request(f"d-{number}.1", reported=Valuation(1.0, worth, 0.0))
        for number, worth in enumerate(worths)
    ]
    reply = Rounds([provider("p", chat_slots=2)]).next(asked)
    gains = (reply.market.values_nano - reply.market.costs_nano)[:, 0].tolist()
    assert reply.signal.scarcity_prices_nano == (gains[2],)
    assert reply.signal.largest_prices_nano == (gains[1],)


def test_where_no_slot_is_left_there_is_no_largest_price():
    rounds = Rounds()
    rounds.next([request("d-1.1")])
    assert rounds.next([request("d-2.1")]).signal.largest_prices_nano == (None,)
    assert rounds.next().signal.largest_prices_nano == (None,)


def test_providers_of_a_two_sided_auction_get_what_welfare_would_lose_without_them():
    rounds = Rounds(TWO, mechanism="auction_two_sided")
    reply = rounds.next(named(3))
    market = reply.market
    gains = market.values_nano - market.costs_nano
    received = {one.provider: 0 for one in TWO}
    for award in reply.awards:
        received[award.provider] += award.provider_receives_nano - award.cost_nano
    # all three are alike at one provider: without p one of them stays unserved, without q two do
    best = sorted(gains.max(axis=1).tolist())
    assert received["p"] == gains[:, 0].max() == pytest.approx(best[0], rel=1e-3)
    assert received["q"] == pytest.approx(2 * best[0], rel=1e-3)
    assert all(award.hub_keeps_nano < 0 for award in reply.awards)


def test_explored_requests_are_free_and_the_hub_pays_for_them():
    rounds = Rounds(exploration={"warm_up_rounds": 1})
    (award,) = rounds.next([request("d-1.1")], p=1.0).awards
    assert award.explored
    assert award.client_pays_nano == 0
    assert award.provider_receives_nano == 2 * award.cost_nano  # the top of the support of a bid
    reply = rounds.next([request("d-2.1")], [completion("d-1.1")])
    (settlement,) = reply.settlements
    assert settlement.hub_kept_nano == -award.provider_receives_nano
    (later,) = reply.awards
    assert not later.explored


def test_who_asks_for_more_than_admission_allows_is_turned_away_and_may_come_again():
    rounds = Rounds([provider("p", chat_slots=5)], admission={"inflight": 2})
    owned = [replace(one, client="owner") for one in named(3)]
    reply = rounds.next(owned)
    assert [award.request for award in reply.awards] == ["d-0.1", "d-1.1"]
    assert (reply.refused, reply.turned_away) == (("d-2.1",), 1)
    again = replace(request("d-9.1"), client="owner")
    assert rounds.next([again]).refused == ("d-9.1",)
    reply = rounds.next([replace(again, request="d-9.2")], [completion("d-0.1")])
    assert (len(reply.awards), reply.turned_away) == (1, 0)


def test_patience_that_ends_makes_room_for_admission():
    rounds = Rounds(patience_rounds=1, admission={"waiting": 1})
    worthless = replace(request("d-1.1", reported=WORTHLESS), client="owner")
    assert rounds.next([worthless]).turned_away == 0
    assert rounds.next([replace(worthless, request="d-2.1")]).turned_away == 0


def test_a_cautious_hub_moves_predictions_to_the_bad_by_their_standard_errors():
    plain, cautious = Rounds(), Rounds(predictor={"confidence": 2.0})
    for rounds in (plain, cautious):
        rounds.next([request("d-1.1")])
    after, done = [request("d-2.1")], [completion("d-1.1")]
    bold, wary = (rounds.next(after, done).market for rounds in (plain, cautious))
    assert bold.errors is None
    errors = wary.errors
    assert (errors.quality > 0).all()
    assert (errors.charged_tokens > 0).all()
    less = 2 * (0.8 * 1.0 * errors.quality + 0.2 * 0.01 * errors.ttft_s) * 1e9
    assert bold.values_nano - wary.values_nano == pytest.approx(less, abs=1)
    more = 2 * 1.0 * errors.charged_tokens * 1000
    assert wary.costs_nano - bold.costs_nano == pytest.approx(more, abs=1)


def test_caution_leaves_values_linear_in_reports_and_costs_in_bids():
    def market(factor: float):
        worth = Valuation(0.8, factor * 1.0, factor * 0.01)
        return (
            Rounds(predictor={"confidence": 1.5}).next([request(reported=worth)], p=factor).market
        )

    one, two = market(1.0), market(2.0)
    assert two.values_nano == pytest.approx(2 * one.values_nano, abs=2)
    assert two.costs_nano == pytest.approx(2 * one.costs_nano, abs=2)


def test_errors_of_predictions_come_with_the_round_in_which_labels_do():
    rounds = Rounds()
    (award,) = rounds.next([request("d-1.1")]).awards
    reply = rounds.next(completions=[completion("d-1.1", quality=1.0)])
    (errors,) = reply.errors
    assert (errors.provider, errors.labels, errors.graded) == ("p", 1, 1)
    assert errors.quality_squared_error == pytest.approx((1.0 - award.expected.quality) ** 2)
    assert rounds.next().errors == ()


@pytest.mark.parametrize("kind", ["analytic", "mean", "last_value"])
def test_a_hub_predicts_as_its_scenario_says(kind):
    rounds = Rounds(predictor={"kind": kind})
    rounds.next([request("d-1.1")])
    (award,) = rounds.next([request("d-2.1")], [completion("d-1.1", output_tokens=50)]).awards
    length = award.expected.output_tokens
    assert (length == 150.0) if kind == "analytic" else (length < 150.0)


def test_the_signal_tells_free_slots_and_what_is_cached():
    rounds = Rounds(TWO)
    reply = rounds.next(named(2))
    assert reply.signal.free_slots == 1
    assert (reply.signal.cached_dialogues, reply.signal.cached_tokens) == (2, 200)
    done = [completion(award.request, award.provider) for award in reply.awards]
    assert rounds.next(completions=done).signal.free_slots == 3


def test_the_ledger_is_bounded_and_forgets_what_an_engine_no_longer_holds():
    rounds = Rounds([provider("p", chat_slots=3)], ledger_entries=2)
    assert rounds.next(named(3)).signal.cached_dialogues == 2
    rounds = Rounds()
    rounds.next([request("d-1.1")])
    again = request("d-1.2", (Span(1, 100), Span(2, 10)), turn=2)
    assert rounds.next([again], [completion("d-1.1")]).signal.cached_tokens == 110
    gone = completion("d-1.2", prompt_tokens=110, cached_tokens=0)
    assert rounds.next(completions=[gone]).signal.cached_dialogues == 0


def test_a_cleared_market_is_kept_whole_for_the_log():
    rounds = Rounds(TWO)
    rounds.next(named(1))
    reply = rounds.next([request("d-5.1"), request("d-6.1", client="c")])
    market = reply.market
    assert market.requests == ("d-5.1", "d-6.1")
    assert market.clients == ("client of d-5.1", "c")
    assert market.capacities.sum() == 2
    assert market.values_nano.shape == market.costs_nano.shape == (2, 2)
    for award in reply.awards:
        row = market.requests.index(award.request)
        column = [member.provider for member in TWO].index(award.provider)
        assert market.clearing.match[row] == column
        assert award.value_nano == market.values_nano[row, column]
        assert award.cost_nano == market.costs_nano[row, column]


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("seed", range(3))
def test_over_many_random_rounds_slots_hold_and_every_request_ends_once(mechanism, seed):
    rng = np.random.default_rng(seed)
    members = [provider(f"p{number}", chat_slots=int(rng.integers(1, 4))) for number in range(4)]
    slots = {member.provider: member.chat_slots for member in members}
    rounds = Rounds(members, mechanism=mechanism, patience_rounds=2, ledger_entries=20)
    inflight: dict[str, Any] = {}
    asked: set[str] = set()
    ended: list[str] = []
    for number in range(60):
        done = [
            completion(
                name, award.provider, quality=float(rng.integers(2)),
                cached_tokens=[None, 0, 64][rng.integers(3)],
                error="lost" if rng.random() < 0.2 else None,
            )
            for name, award in inflight.items() if rng.random() < 0.5
        ]  # fmt: skip
        new = [
            request(
                f"d{rng.integers(30)}.{number}.{k}",
                (Span(int(rng.integers(5)), int(rng.integers(20, 300))), Span(number, 9)),
                client=f"c{rng.integers(6)}",
                turn=int(rng.integers(1, 4)),
                reported=Valuation(0.8, float(rng.uniform(0, 0.001)), 0.0001),
            )
            for k in range(rng.poisson(5) if number < 50 else 0)
        ]
        asked |= {one.request for one in new}
        reply = rounds.next(new, done, p0=float(rng.uniform(0.1, 9.0)))
        for settled, came in zip(reply.settlements, done, strict=True):
            award = inflight.pop(settled.request)
            paid = 0 if came.error else award.client_pays_nano
            assert settled.client_paid_nano == paid
            assert settled.client_paid_nano == (
                settled.provider_received_nano + settled.hub_kept_nano
            )
            assert settled.void == (came.error is not None)
            ended.append(settled.request)
        ended += reply.refused
        inflight |= {award.request: award for award in reply.awards}
        held = [award.provider for award in inflight.values()]
        assert all(held.count(name) <= limit for name, limit in slots.items())
        assert reply.signal.free_slots == sum(slots.values()) - len(held)
        assert reply.signal.cached_dialogues <= 20
    assert len(ended) == len(set(ended))
    assert set(ended) | set(inflight) == asked
    assert len(ended) > 100


def test_the_rate_that_predictions_see_is_that_of_the_round_before():
    both_slots = [provider("p", chat_slots=2)]
    asked = request("d-9.1")
    busy, quiet = Rounds(both_slots), Rounds(both_slots)
    busy.next(named(2))
    busy.next([request("d-8.1")], [completion(one.request) for one in named(2)])
    quiet.next()
    quiet.next([request("d-8.1")])
    before, expected = (
        rounds.next([asked], [completion("d-8.1")]).market.forecast.features
        for rounds in (busy, quiet)
    )
    assert before.tolist() == expected.tolist()
    idle = Rounds(both_slots).next([asked]).market.forecast.features
    assert before.tolist() != idle.tolist()


def test_chance_falls_anew_every_round():
    rounds = Rounds([provider("p"), provider("q")], mechanism="random")
    drawn = []
    for number in range(20):
        (award,) = rounds.next([request(f"d-{number}.1")]).awards
        drawn.append(award.provider)
        rounds.next(completions=[completion(award.request, award.provider)])
    assert set(drawn) == {"p", "q"}


def test_two_hubs_with_the_same_name_and_seed_clear_alike():
    for mechanism in MECHANISMS:
        one, other = Rounds(TWO, mechanism=mechanism), Rounds(TWO, mechanism=mechanism)
        for asked in (named(2), named(5)[2:]):
            assert one.next(asked).awards == other.next(asked).awards


@pytest.mark.parametrize(("answer", "matched"), [(9, 150), (None, 100)])
def test_the_next_turn_finds_the_answer_before_it_cached_too_where_it_is_known(answer, matched):
    rounds = Rounds()
    rounds.next([request("d-1.1")])
    follow_up = request("d-1.2", (Span(1, 100), Span(9, 50), Span(2, 20)), turn=2)
    reply = rounds.next([follow_up], [completion("d-1.1", answer=answer)])
    assert reply.market.forecast.matched_tokens.tolist() == [[matched]]
