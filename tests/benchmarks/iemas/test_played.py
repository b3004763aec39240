from dataclasses import replace

import pytest

from benchmarks.iemas.market import CONSTANTS, DATASETS, reference_market
from benchmarks.iemas.played import Played, play

SMALL = {"rounds": 12}


@pytest.fixture(scope="module")
def played() -> Played:
    return play(reference_market(DATASETS["coqa"], "auction", 1, **SMALL))


def test_every_request_is_counted_once(played):
    assert played.asked == len(played.answers) + played.refused + played.failed > 20


def test_rates_and_prices_are_those_of_the_tokens(played):
    answers = played.answers
    prompt, cached = (
        sum(getattr(one, field) for one in answers) for field in ("prompt_tokens", "cached_tokens")
    )
    output = sum(one.output_tokens for one in answers)
    assert played.hit_rate == pytest.approx(cached / prompt)
    assert played.price(3.0, 2.0, 1.0) * len(answers) == pytest.approx(
        3 * output + 2 * (prompt - cached) + cached
    )


def test_welfare_is_value_less_cost_whoever_pays(played):
    moved = [replace(one, paid_usd=9.0, received_usd=1.0) for one in played.answers]
    assert replace(played, answers=tuple(moved)).welfare_usd == pytest.approx(played.welfare_usd)
    assert played.welfare_usd == pytest.approx(
        sum(one.value_usd - one.cost_usd for one in played.answers)
    )


def test_a_provider_in_the_auction_is_paid_its_bid_and_the_truth_covers_its_cost(played):
    received, cost = played.of("received_usd").sum(), played.of("cost_usd").sum()
    assert received == pytest.approx(cost, rel=0.1)
    assert (played.of("paid_usd") >= played.of("received_usd")).all()


def test_the_tape_is_the_same_under_every_mechanism():
    first = [
        min(play(reference_market(DATASETS["coqa"], name, 3, **SMALL)).answers, key=lambda one: (
            one.turn, one.client, one.prompt_tokens)).prompt_tokens
        for name in ("auction", "random")
    ]  # fmt: skip
    assert first[0] == first[1]


def test_the_constants_are_those_that_are_stated():
    for name, constants in CONSTANTS.items():
        scenario = reference_market(DATASETS["coqa"], "auction", 1, constants=name)
        for group in scenario.providers:
            ratios = group.input_ratio.constant, group.hit_ratio.constant
            assert ratios == (constants.input_ratio, constants.hit_ratio)
    paper = reference_market(DATASETS["coqa"], "auction", 1)
    low, high = paper.providers[0].cost.base.uniform
    assert (low + high) / 2 == pytest.approx(0.02 * 0.02 * 1e6)  # 0.02 C, C = 0.02 a token
    worth = paper.clients
    assert worth.quality_weight.constant * worth.quality_usd.constant == 0.5 * 100
    assert (1 - worth.quality_weight.constant) * worth.latency_usd_per_s.constant == 0.5 * 5


def test_a_dataset_from_a_file_asks_for_its_folder():
    with pytest.raises(ValueError, match="QuAC: expected the folder"):
        reference_market(DATASETS["quac"], "auction", 1)
